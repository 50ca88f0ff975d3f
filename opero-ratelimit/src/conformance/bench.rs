//! How the promises ask a backend, and what they note.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use opero_core::{Clock, ConfigError, Instant, Key, block_on};

use crate::{LimiterBackend, LimiterOptions, Quota, Verdict};

type Open<'a> = dyn Fn(&LimiterOptions) -> Result<Arc<dyn LimiterBackend>, ConfigError> + Sync + 'a;

/// What one promise has: a clock, the opener, and a name that is used nowhere else.
pub(super) struct Bench<'a> {
    pub(super) clock: &'a Arc<dyn Clock>,
    open: &'a Open<'a>,
    namespace: String,
}

impl<'a> Bench<'a> {
    pub(super) fn new(clock: &'a Arc<dyn Clock>, open: &'a Open<'a>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let started = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let process = std::process::id();
        let namespace = format!("conformance-{process}-{}-{number}", started.as_nanos());
        Self {
            clock,
            open,
            namespace,
        }
    }

    pub(super) fn limiter(&self, quota: Quota) -> Result<Limiter, String> {
        self.limiter_of(quota, "function")
    }

    pub(super) fn limiter_of(&self, quota: Quota, function: &str) -> Result<Limiter, String> {
        let options = LimiterOptions::new(quota, Arc::clone(self.clock))
            .with_namespace(&*self.namespace)
            .with_function(function);
        let opened = (self.open)(&options);
        let backend = opened.map_err(|error| format!("it does not open: {error}"))?;
        Ok(Limiter {
            backend,
            clock: Arc::clone(self.clock),
        })
    }
}

pub(super) fn quota(period: Duration, burst: u32) -> Result<Quota, String> {
    let quota = Quota::each(period).with_burst(burst);
    quota.map_err(|error| error.to_string())
}

/// A backend, asked as the stage asks it.
pub(super) struct Limiter {
    pub(super) backend: Arc<dyn LimiterBackend>,
    clock: Arc<dyn Clock>,
}

/// A permit was given out between these two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    pub(super) asked: Instant,
    pub(super) got: Instant,
}

impl Limiter {
    /// The wait; `None` where the permits are taken.
    pub(super) fn take(&self, key: Option<Key>, cost: u32) -> Result<Option<Duration>, String> {
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN);
        let verdict = match self.backend.try_acquire(key, cost) {
            Verdict::NeedsAsync => {
                block_on(self.backend.acquire(key, cost)).map_err(|e| format!("it failed: {e}"))?
            }
            known => known,
        };
        match verdict {
            Verdict::Admitted => Ok(None),
            Verdict::Wait(wait) => Ok(Some(wait)),
            Verdict::NeedsAsync => Err("`acquire` answered `NeedsAsync`".to_owned()),
        }
    }

    /// How many single permits there are at once.
    pub(super) fn drain(&self, key: Option<Key>) -> Result<u32, String> {
        let mut count = 0;
        while self.take(key, 1)?.is_none() {
            count += 1;
            if count > MANY {
                return Err(format!("it gave out more than {MANY} permits at once"));
            }
        }
        Ok(count)
    }

    /// Takes a single permit, waiting as told.
    pub(super) fn wait_for(&self, key: Option<Key>) -> Result<Grant, String> {
        for _ in 0..MANY {
            let asked = self.clock.now();
            let Some(wait) = self.take(key, 1)? else {
                let got = self.clock.now();
                return Ok(Grant { asked, got });
            };
            if wait > LONG {
                return Err(format!(
                    "it tells a wait of {wait:?} for a permit of a faster quota"
                ));
            }
            // Never nothing: a backend that tells no wait is asked again a little later.
            self.clock.block(wait.max(SHORT));
        }
        Err(format!(
            "it gave no permit after {MANY} waits as long as it told"
        ))
    }
}

const MANY: u32 = 10_000;
const SHORT: Duration = Duration::from_micros(50);
const LONG: Duration = Duration::from_secs(60);

/// Were more than `burst` and what grows meanwhile given out in some window? A grant counts where all of its interval lies in
/// the window, so that no backend is blamed for the time that messages and threads take.
pub(super) fn exceeded(quota: &Quota, grants: &[Grant]) -> Result<(), String> {
    let mut by_end = grants.to_vec();
    by_end.sort_unstable_by_key(|grant| grant.got);
    for from in grants.iter().map(|grant| grant.asked) {
        let within = by_end.iter().filter(|grant| grant.asked >= from);
        for (count, last) in (1_u128..).zip(within) {
            let window = last.got.since(from);
            let grown = window.as_nanos() / quota.period.as_nanos().max(1);
            let most = u128::from(quota.burst.get()) + grown;
            if count > most {
                return Err(format!(
                    "{count} permits within {window:?}, where {most} are allowed"
                ));
            }
        }
    }
    Ok(())
}
