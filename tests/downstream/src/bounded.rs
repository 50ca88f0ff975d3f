//! A cache backend of our own: `bounded` keeps results in a map and evicts any of them when it is full.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use opero::cache::{register_cache, CacheBackend, CacheOptions, Entry, Peek};
use opero::extend::{async_trait, Backend, BackendError, Key};

/// As many results as the options say.
#[derive(Debug)]
pub struct Bounded {
    capacity: u64,
    entries: RwLock<HashMap<Key, Entry>>,
    evicted: AtomicU64,
}

register_cache!("bounded", |_, options| Ok(Arc::new(Bounded::new(options))));

impl Bounded {
    /// An empty one.
    #[must_use]
    pub fn new(options: &CacheOptions) -> Self {
        Self {
            capacity: options.capacity,
            entries: RwLock::default(),
            evicted: AtomicU64::new(0),
        }
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<Key, Entry>)) {
        change(&mut self.entries.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Backend for Bounded {
    fn scheme(&self) -> &'static str {
        "bounded"
    }
}

#[async_trait]
impl CacheBackend for Bounded {
    fn peek(&self, key: &Key) -> Peek {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).cloned().into()
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
        self.change(|entries| {
            entries.insert(*key, entry);
            if entries.len() as u64 > self.capacity {
                let other = entries.keys().find(|other| *other != key).copied();
                if other.and_then(|other| entries.remove(&other)).is_some() {
                    self.evicted.fetch_add(1, Relaxed);
                }
            }
        });
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        self.change(|entries| drop(entries.remove(key)));
        Ok(())
    }

    async fn clear(&self) -> Result<(), BackendError> {
        self.change(HashMap::clear);
        Ok(())
    }

    fn entries(&self) -> u64 {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.len() as u64
    }

    fn evictions(&self) -> u64 {
        self.evicted.load(Relaxed)
    }
}
