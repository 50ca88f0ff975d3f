//! A limiter of our own: `gate` keeps one instant for each key.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use opero::extend::{async_trait, Backend, Clock, Instant, Key};
use opero::ratelimit::{register_limiter, LimiterBackend, LimiterOptions, Quota, Verdict};

/// More keys than that are looked through for those that say nothing any more.
const MANY: usize = 1_000;

/// The instants at which all permits will have grown back.
#[derive(Debug)]
pub struct Gate {
    quota: Quota,
    clock: Arc<dyn Clock>,
    full_at: Mutex<HashMap<Option<Key>, Instant>>,
}

register_limiter!("gate", |_, options| Ok(Arc::new(Gate::new(options))));

impl Gate {
    /// A gate on the clock of the options.
    #[must_use]
    pub fn new(options: &LimiterOptions) -> Self {
        Self {
            quota: options.quota,
            clock: Arc::clone(&options.clock),
            full_at: Mutex::default(),
        }
    }
}

#[async_trait]
impl Backend for Gate {
    fn scheme(&self) -> &'static str {
        "gate"
    }
}

#[async_trait]
impl LimiterBackend for Gate {
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let full = full_at.get(&key).map_or(now, |known| (*known).max(now));
        let full = full + self.quota.period * cost.get();
        let empty = now + self.quota.period * self.quota.burst.get();
        if full > empty {
            return Verdict::Wait(full.since(empty));
        }
        if full_at.len() > MANY {
            full_at.retain(|_, full| *full > now);
        }
        full_at.insert(key, full);
        Verdict::Admitted
    }
}
