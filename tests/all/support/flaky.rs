use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opero::cache::{CacheBackend, Entry, Peek, register_cache};
use opero::extend::{Backend, BackendError, Clock, Key, async_trait};
use opero::opero_core::sync::lock;
use opero::{ConfigError, ManualClock};

/// How a [`FlakyCache`] is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Well,
    /// It rejects at once.
    Down,
    /// It gives up after this long.
    Slow(Duration),
    /// It holds what something else wrote.
    Foreign,
}

/// A remote cache that is not always well. `flaky://name` opens the one that a test made under that name.
#[derive(Debug)]
pub(crate) struct FlakyCache {
    health: Mutex<Health>,
    clock: ManualClock,
    entries: Mutex<HashMap<Key, Entry>>,
}

static MADE: Mutex<BTreeMap<String, Arc<FlakyCache>>> = Mutex::new(BTreeMap::new());

register_cache!("flaky", |location, _| {
    let made = lock(&MADE).get(location.rest()).cloned();
    let missing = || ConfigError::new("cache_backend", "names no such cache", "make it first");
    Ok(made.ok_or_else(missing)?)
});

impl FlakyCache {
    pub(crate) fn made(name: &str, clock: &ManualClock) -> Arc<Self> {
        let made = Arc::new(Self {
            health: Mutex::new(Health::Well),
            clock: clock.clone(),
            entries: Mutex::default(),
        });
        lock(&MADE).insert(name.to_owned(), Arc::clone(&made));
        made
    }

    pub(crate) fn is(&self, health: Health) {
        *lock(&self.health) = health;
    }

    async fn suffer(&self) -> Result<Health, BackendError> {
        let health = *lock(&self.health);
        match health {
            Health::Well | Health::Foreign => Ok(health),
            Health::Down => Err(BackendError::new("connection refused")),
            Health::Slow(patience) => {
                self.clock.sleep(patience).await;
                Err(BackendError::new("no answer in time"))
            }
        }
    }
}

impl Backend for FlakyCache {
    fn scheme(&self) -> &str {
        "flaky"
    }
}

#[async_trait]
impl CacheBackend for FlakyCache {
    fn peek(&self, _: &Key) -> Peek {
        Peek::NeedsAsync
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>, BackendError> {
        match self.suffer().await? {
            Health::Foreign => Ok(Some(Entry::new("of another type", None))),
            _ => Ok(lock(&self.entries).get(key).cloned()),
        }
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
        self.suffer().await?;
        lock(&self.entries).insert(*key, entry);
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        self.suffer().await?;
        lock(&self.entries).remove(key);
        Ok(())
    }

    async fn clear(&self) -> Result<(), BackendError> {
        self.suffer().await?;
        lock(&self.entries).clear();
        Ok(())
    }
}
