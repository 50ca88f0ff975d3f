//! What we wrote for opero keeps opero's promises.

use std::sync::Arc;

use downstream::{Drawer, Shelf};
use opero::cache::conformance::{self, Failure, Lifetime};

#[test]
fn the_shelf_keeps_the_promises_of_a_cache() -> Result<(), Failure> {
    conformance::objects(|options| Ok(Arc::new(Shelf::new(options))))
}

#[test]
fn the_drawer_keeps_the_promises_of_a_store() -> Result<(), Failure> {
    let name = format!("drawer-{}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    let result = conformance::store(Lifetime::Store, |options| {
        Ok(Arc::new(Drawer::new(&directory, options)))
    });
    let _ = std::fs::remove_dir_all(&directory);
    result
}
