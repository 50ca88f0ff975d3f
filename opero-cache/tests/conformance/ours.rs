use std::sync::Arc;

use opero_cache::backend::{MemoryCache, QuickCache};
use opero_cache::conformance::{self, Failure};

#[test]
fn memory_keeps_its_promises() -> Result<(), Failure> {
    conformance::objects(|options| Ok(Arc::new(MemoryCache::new(options))))
}

#[test]
fn quick_keeps_its_promises() -> Result<(), Failure> {
    conformance::objects(|options| Ok(Arc::new(QuickCache::new(options))))
}
