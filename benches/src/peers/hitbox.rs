//! `#[cached]` of hitbox-fn on hitbox-redis. Its functions own their arguments.

use std::sync::Arc;

use hitbox_fn::Cache;
use hitbox_fn::prelude::{PolicyConfig, cached};
use hitbox_redis::{ConnectionMode, RedisBackend};

use crate::workload::{Args, TTL, Trouble, fetch};

#[cached]
async fn profile(name: String, length: u64) -> Result<String, Trouble> {
    fetch(&name, length)
}

#[derive(Clone)]
pub(crate) struct Hitbox(Arc<Cache<RedisBackend>>);

impl Hitbox {
    /// It connects on the runtime of the first call.
    pub(crate) fn new(url: &str) -> Result<Self, hitbox_redis::error::Error> {
        let backend = RedisBackend::builder().connection(ConnectionMode::single(url));
        let policy = PolicyConfig::builder().ttl(TTL).build();
        let cache = Cache::builder().backend(backend.build()?).policy(policy);
        Ok(Self(Arc::new(cache.build())))
    }

    pub(crate) async fn call(&self, (name, length): &Args) -> Result<String, Trouble> {
        profile(name.clone(), *length).cache(&*self.0).await
    }
}
