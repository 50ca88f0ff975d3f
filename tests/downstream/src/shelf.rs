//! A cache backend of our own: `shelf` keeps everything for ever, in a map.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use opero::cache::{register_cache, CacheBackend, Entry, Peek};
use opero::{async_trait, Backend, BackendError, Key};

#[derive(Debug, Default)]
struct Shelf(RwLock<HashMap<Key, Entry>>);

register_cache!("shelf", |_, _| Ok(Arc::new(Shelf::default())));

impl Shelf {
    fn change(&self, change: impl FnOnce(&mut HashMap<Key, Entry>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Backend for Shelf {
    fn scheme(&self) -> &'static str {
        "shelf"
    }
}

#[async_trait]
impl CacheBackend for Shelf {
    fn peek(&self, key: &Key) -> Peek {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).cloned().into()
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
        self.change(|entries| drop(entries.insert(*key, entry)));
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
}
