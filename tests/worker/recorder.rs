//! A limiter that notes when each permit was asked for and got: the start of an execution lies between these two.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use opero::extend::{Backend, BackendError, Key, async_trait};
use opero::ratelimit::{LimiterBackend, LimiterOptions, RedisLimiter, Verdict, register_limiter};

/// In nanoseconds since the Unix epoch.
static GRANTS: Mutex<Vec<[u128; 2]>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Recorder(RedisLimiter);

// Of the backend that the process is told.
register_limiter!("recorded", |_, options: &LimiterOptions| {
    let location = crate::argument(2).into();
    Ok(Arc::new(Recorder(RedisLimiter::new(&location, options)?)))
});

fn now() -> u128 {
    let since = SystemTime::UNIX_EPOCH.elapsed();
    since.unwrap_or_default().as_nanos()
}

fn note(asked: u128, verdict: Verdict) -> Verdict {
    if verdict == Verdict::Admitted {
        let mut grants = GRANTS.lock().unwrap_or_else(PoisonError::into_inner);
        grants.push([asked, now()]);
    }
    verdict
}

/// Tells them all.
pub(crate) fn print() {
    let grants = GRANTS.lock().unwrap_or_else(PoisonError::into_inner);
    for [asked, got] in grants.iter() {
        println!("granted {asked} {got}");
    }
}

#[async_trait]
impl Backend for Recorder {
    fn scheme(&self) -> &'static str {
        "recorded"
    }
}

#[async_trait]
impl LimiterBackend for Recorder {
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        let asked = now();
        note(asked, self.0.try_acquire(key, cost))
    }

    async fn acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Result<Verdict, BackendError> {
        let asked = now();
        let verdict = self.0.acquire(key, cost).await?;
        Ok(note(asked, verdict))
    }

    fn shared(&self) -> bool {
        true
    }
}
