use std::path::PathBuf;
use std::sync::Arc;

use opero_cache::BackendUri;
use opero_cache::backend::{DiskCache, MemoryCache, QuickCache, RedbCache, RedisCache};
use opero_cache::conformance::{self, Failure, Lifetime};
use opero_test_servers::RedisServer;

#[test]
fn memory_keeps_its_promises() -> Result<(), Failure> {
    conformance::objects(|options| Ok(Arc::new(MemoryCache::new(options))))
}

#[test]
fn quick_keeps_its_promises() -> Result<(), Failure> {
    conformance::objects(|options| Ok(Arc::new(QuickCache::new(options))))
}

#[test]
fn disk_keeps_its_promises() -> Result<(), Failure> {
    let directory = Directory::new("disk");
    let uri = BackendUri::new(format!("disk://{}", directory.0.display()));
    conformance::store(Lifetime::Store, |options| DiskCache::open(&uri, options))
}

#[test]
fn redb_keeps_its_promises() -> Result<(), Failure> {
    let directory = Directory::new("redb");
    let uri = BackendUri::new(format!("redb://{}", directory.0.display()));
    conformance::store(Lifetime::Store, |options| RedbCache::open(&uri, options))
}

#[test]
fn redis_keeps_its_promises() -> Result<(), Failure> {
    let server = RedisServer::start().unwrap();
    let uri = BackendUri::new(server.url());
    conformance::store(Lifetime::Store, |options| {
        Ok(Arc::new(RedisCache::open(&uri, options)?))
    })
}

/// A directory of a test, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("opero-conformance-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
