//! Backends that note what is asked of them. They answer as remote ones do: not at once, and after having yielded.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use opero::cache::{CacheBackend, Entry, Peek, register_cache};
use opero::extend::{Backend, BackendError, Clock, Key, async_trait};
use opero::opero_core::sync::lock;
use opero::opero_core::{Instant, clock::Sleep};
use opero::ratelimit::{LimiterBackend, LimiterOptions, LocalLimiter, Verdict, register_limiter};

use super::Trace;

/// `recording`: a cache that notes each lookup and each store in the trace of its function.
#[derive(Debug)]
struct RecordingCache {
    trace: Trace,
    entries: Mutex<HashMap<Key, Entry>>,
}

impl Backend for RecordingCache {
    fn scheme(&self) -> &str {
        "recording"
    }
}

#[async_trait]
impl CacheBackend for RecordingCache {
    fn peek(&self, _: &Key) -> Peek {
        Peek::NeedsAsync
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>, BackendError> {
        self.trace.note("cache: get");
        tokio::task::yield_now().await;
        Ok(lock(&self.entries).get(key).cloned())
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
        self.trace.note("cache: put");
        tokio::task::yield_now().await;
        lock(&self.entries).insert(*key, entry);
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        lock(&self.entries).remove(key);
        Ok(())
    }

    async fn clear(&self) -> Result<(), BackendError> {
        lock(&self.entries).clear();
        Ok(())
    }
}

register_cache!("recording", |_, options| Ok(Arc::new(RecordingCache {
    trace: Trace::of(&options.function),
    entries: Mutex::default(),
})));

/// `recording://name`: the local limiter, which notes each request in the trace of that name.
#[derive(Debug)]
struct RecordingLimiter {
    trace: Trace,
    local: LocalLimiter,
}

impl Backend for RecordingLimiter {
    fn scheme(&self) -> &str {
        "recording"
    }
}

#[async_trait]
impl LimiterBackend for RecordingLimiter {
    fn try_acquire(&self, _: Option<Key>, _: NonZeroU32) -> Verdict {
        Verdict::NeedsAsync
    }

    async fn acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Result<Verdict, BackendError> {
        tokio::task::yield_now().await;
        let verdict = self.local.try_acquire(key, cost);
        self.trace.note(match verdict {
            Verdict::Admitted => "limit: admitted",
            _ => "limit: wait",
        });
        Ok(verdict)
    }
}

register_limiter!("recording", |location, options| {
    Ok(Arc::new(RecordingLimiter {
        trace: Trace::of(location.rest()),
        local: LocalLimiter::new(options)?,
    }))
});

/// The instants at which a limiter `counting://name` gave out permits, to the nanosecond of its own reckoning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grants(Arc<Mutex<Vec<Instant>>>);

static GRANTS: Mutex<BTreeMap<String, Grants>> = Mutex::new(BTreeMap::new());

impl Grants {
    pub(crate) fn of(name: &str) -> Self {
        lock(&GRANTS).entry(name.to_owned()).or_default().clone()
    }

    /// In order of time.
    pub(crate) fn sorted(&self) -> Vec<Instant> {
        let mut grants = lock(&self.0).clone();
        grants.sort_unstable();
        grants
    }
}

thread_local! {
    /// What the limiter's clock last said on this thread: a limiter decides on what it has just read.
    static CLOCK_READS: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Keeps the first reading after [`CLOCK_READS`] was cleared.
#[derive(Debug)]
struct ReadClock(Arc<dyn Clock>);

impl Clock for ReadClock {
    fn now(&self) -> Instant {
        let now = self.0.now();
        CLOCK_READS.set(CLOCK_READS.get().or(Some(now)));
        now
    }

    fn sleep(&self, duration: std::time::Duration) -> Sleep {
        self.0.sleep(duration)
    }

    fn block(&self, duration: std::time::Duration) {
        self.0.block(duration);
    }
}

#[derive(Debug)]
struct CountingLimiter {
    grants: Grants,
    local: LocalLimiter,
}

impl Backend for CountingLimiter {
    fn scheme(&self) -> &str {
        "counting"
    }
}

#[async_trait]
impl LimiterBackend for CountingLimiter {
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        CLOCK_READS.set(None);
        let verdict = self.local.try_acquire(key, cost);
        if verdict == Verdict::Admitted {
            let now = CLOCK_READS.get().expect("a limiter reads its clock");
            lock(&self.grants.0).push(now);
        }
        verdict
    }
}

register_limiter!("counting", |location, options| {
    let clock = ReadClock(Arc::clone(&options.clock));
    let options = LimiterOptions::new(options.quota, Arc::new(clock));
    Ok(Arc::new(CountingLimiter {
        grants: Grants::of(location.rest()),
        local: LocalLimiter::new(&options)?,
    }))
});
