//! A store in memory that a test can look into, break, and share between caches as processes share a server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use opero_cache::{ByteStore, Cache, CacheConfig, Claim, Lease};
use opero_core::{Backend, BackendError, Context, Event, Key, ManualClock, WaitMode, async_trait};

/// Holds up every caller while it is closed.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed: Mutex<bool>,
    changed: Condvar,
    waiting: AtomicU64,
}

impl Gate {
    pub(crate) fn close(&self) {
        *self.closed.lock().unwrap() = true;
    }

    pub(crate) fn open(&self) {
        *self.closed.lock().unwrap() = false;
        self.changed.notify_all();
    }

    pub(crate) fn pass(&self) {
        let mut closed = self.closed.lock().unwrap();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        while *closed {
            closed = self.changed.wait(closed).unwrap();
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Returns once a caller is held up.
    pub(crate) fn somebody_waits(&self) {
        while self.waiting.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) records: Mutex<HashMap<Key, Vec<u8>>>,
    /// How long the last record was to be kept.
    pub(crate) kept_for: Mutex<Option<Duration>>,
    leases: Mutex<HashMap<Key, u64>>,
    next_lease: AtomicU64,
    pub(crate) down: AtomicBool,
    pub(crate) gets: AtomicU64,
    pub(crate) claims: AtomicU64,
    /// Has leases.
    pub(crate) leasing: bool,
    /// What the first claim was decided to be is held up here.
    pub(crate) claimed: Gate,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Store(pub(crate) Arc<Shared>);

impl Store {
    pub(crate) fn leasing() -> Self {
        Self(Arc::new(Shared {
            leasing: true,
            ..Shared::default()
        }))
    }

    /// Another process that opens it.
    pub(crate) fn open(&self, config: CacheConfig) -> Cache {
        Cache::with_store(Arc::new(self.clone()), config).unwrap()
    }

    fn check(&self) -> Result<(), BackendError> {
        match self.0.down.load(Ordering::SeqCst) {
            true => Err(BackendError::new("down")),
            false => Ok(()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.records.lock().unwrap().len()
    }
}

impl Backend for Store {
    fn scheme(&self) -> &'static str {
        "shared"
    }
}

#[async_trait]
impl ByteStore for Store {
    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, BackendError> {
        self.0.gets.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        Ok(self.0.records.lock().unwrap().get(key).cloned())
    }
    async fn put(
        &self,
        key: &Key,
        record: Vec<u8>,
        keep: Option<Duration>,
    ) -> Result<(), BackendError> {
        self.check()?;
        *self.0.kept_for.lock().unwrap() = keep;
        self.0.records.lock().unwrap().insert(*key, record);
        Ok(())
    }
    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        self.check()?;
        self.0.records.lock().unwrap().remove(key);
        Ok(())
    }
    async fn clear(&self) -> Result<(), BackendError> {
        self.check()?;
        self.0.records.lock().unwrap().clear();
        Ok(())
    }
    fn is_shared(&self) -> bool {
        self.0.leasing
    }
    async fn claim(&self, key: &Key) -> Result<Claim, BackendError> {
        self.0.claims.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        let taken = {
            let mut leases = self.0.leases.lock().unwrap();
            let taken = leases.get(key).copied();
            if taken.is_none() {
                let number = self.0.next_lease.fetch_add(1, Ordering::SeqCst);
                leases.insert(*key, number);
            }
            taken
        };
        let record = self.0.records.lock().unwrap().get(key).cloned();
        if taken.is_none() {
            self.0.claimed.pass();
        }
        Ok(match taken {
            Some(holder) => Claim::Held { holder, record },
            None => Claim::Acquired {
                lease: Box::new(Held(self.clone(), *key)),
                record,
            },
        })
    }
}

#[derive(Debug)]
struct Held(Store, Key);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.leases.lock().unwrap().remove(&self.1);
    }
}

#[async_trait]
impl Lease for Held {
    async fn release(self: Box<Self>) {}
}

/// A context whose events are written down.
pub(crate) struct Watched {
    pub(crate) clock: ManualClock,
    told: Arc<Mutex<Vec<String>>>,
    observer: Box<dyn opero_core::Observer>,
}

impl Watched {
    pub(crate) fn new() -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&told);
        let observer = move |_: &str, event: &Event<'_>| {
            let text = match event {
                Event::CacheRejected { reason, .. } | Event::CacheUnavailable { reason, .. } => {
                    format!("{}: {reason}", event.name())
                }
                _ => event.name().to_owned(),
            };
            written.lock().unwrap().push(text);
        };
        Self {
            clock: ManualClock::new(),
            told,
            observer: Box::new(observer),
        }
    }

    pub(crate) fn cx(&self) -> Context<'_> {
        Context::new(&self.clock, WaitMode::Blocking).with_observer(&*self.observer)
    }

    /// What was told since the last time.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}
