//! The results of one function: storing, replacing and dropping them, in every tier.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opero_core::{BackendError, Context, Entry, Event, Instant, Key, Outcome};

use crate::config::CacheConfig;
use crate::freshness::{Freshness, Level};
#[cfg(feature = "bytes")]
use crate::record;
use crate::tier::Tier;
use crate::tiers::Tiers;
use crate::timeout::{within, within_clear};

/// Where results are stored, and for how long.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) tiers: Tiers,
    pub(crate) freshness: Freshness,
    l1_ttl: Duration,
    timeout: Duration,
    /// The next sweep, in nanoseconds of the pipeline's clock.
    next_sweep: AtomicU64,
}

/// A value to be stored, for how long, and in which of the tiers.
struct Item<'v> {
    entry: &'v Entry,
    ttl: Option<Duration>,
    level: Level,
}

impl Store {
    pub(crate) const fn new(tiers: Tiers, config: &CacheConfig) -> Self {
        Self {
            tiers,
            freshness: Freshness::new(config),
            l1_ttl: config.l1_ttl,
            timeout: config.backend_timeout,
            next_sweep: AtomicU64::new(0),
        }
    }

    #[cfg(feature = "bytes")]
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Waits for a tier's answer, within the timeout.
    pub(crate) async fn within<T>(
        &self,
        tier: &Tier,
        answer: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        within(tier.limit(self.timeout), answer).await
    }

    /// Drops an entry that is out of date. An event reports a tier that fails.
    pub(crate) async fn evict(&self, cx: &Context<'_>, key: &Key) {
        for tier in self.tiers.iter() {
            if let Err(error) = self.within(tier, tier.remove(key)).await {
                report(cx, tier.scheme(), &error);
            }
        }
    }

    /// Drops an entry in every tier.
    pub(crate) async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        let mut result = Ok(());
        for tier in self.tiers.iter() {
            result = result.and(self.within(tier, tier.remove(key)).await);
        }
        result
    }

    /// Drops all entries in every tier.
    pub(crate) async fn clear(&self) -> Result<(), BackendError> {
        let mut result = Ok(());
        for tier in self.tiers.iter() {
            let cleared = within_clear(tier.limit(self.timeout), tier.clear()).await;
            result = result.and(cleared);
        }
        result
    }

    /// Stores the outcome's value in every tier. Returns it as an entry, and whether the last tier stored it: a tier that
    /// fails only costs the entry.
    pub(crate) async fn put(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Option<(Entry, bool)> {
        let now = cx.coarse_now();
        let ttl = self.freshness.ttl;
        let entry = outcome.entry(ttl.map(|ttl| now + ttl))?;
        if self.tiers.l2.is_some() {
            self.put_l1(cx, outcome, key, ttl).await;
        }
        let item = Item {
            entry: &entry,
            ttl,
            level: Level::Last,
        };
        let is_stored = self
            .put_in(self.tiers.last(), cx, outcome, key, &item)
            .await;
        Some((entry, is_stored))
    }

    /// Stores in L1 what L2 has for another `left`: not for longer, and not into the last part of it, in which a call
    /// refreshes it.
    pub(crate) async fn put_l1(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        left: Option<Duration>,
    ) {
        let l1_ttl = self.l1_ttl;
        let last_part = self.freshness.refresh.unwrap_or_default();
        let ttl = left.map_or(l1_ttl, |left| left.saturating_sub(last_part).min(l1_ttl));
        if ttl.is_zero() {
            return;
        }
        let Some(entry) = outcome.entry(Some(cx.coarse_now() + ttl)) else {
            return;
        };
        let item = Item {
            entry: &entry,
            ttl: Some(ttl),
            level: Level::L1,
        };
        self.put_in(&self.tiers.first, cx, outcome, key, &item)
            .await;
    }

    /// Stores the outcome's value in one tier. Returns `false` if that failed, which an event reports.
    async fn put_in(
        &self,
        tier: &Tier,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        item: &Item<'_>,
    ) -> bool {
        let put = match tier {
            Tier::Objects(backend) => {
                let _ = (outcome, item.ttl, item.level);
                self.within(tier, backend.put(key, item.entry.clone()))
                    .await
            }
            #[cfg(feature = "bytes")]
            Tier::Records(store) => {
                // L1 serves nothing stale.
                let stale = self.freshness.stale.filter(|_| item.level == Level::Last);
                match record::seal(store.scheme(), cx, outcome, key, item.ttl, stale) {
                    Ok((record, keep)) => self.within(tier, store.put(key, record, keep)).await,
                    Err(error) => Err(error),
                }
            }
        };
        if let Err(error) = &put {
            report(cx, tier.scheme(), error);
        }
        put.is_ok()
    }

    /// Drops what has expired. One put a TTL pays for it: no entry outlives its expiry by more than that.
    pub(crate) async fn sweep(&self, cx: &Context<'_>) {
        let now = cx.coarse_now();
        let Some(ttl) = self.freshness.ttl else {
            return;
        };
        let due = self.next_sweep.load(Ordering::Relaxed);
        if now.as_nanos() < due {
            return;
        }
        let next = (now + ttl).as_nanos();
        let is_elected = self
            .next_sweep
            .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        // The first put only sets the date.
        if !is_elected || due == 0 {
            return;
        }
        // What may still serve stale has not expired yet.
        let stale = self.freshness.stale.unwrap_or_default();
        let Ok(stale) = u64::try_from(stale.as_nanos()) else {
            return;
        };
        let expired = Instant::from_nanos(now.as_nanos().saturating_sub(stale));
        for tier in self.tiers.iter() {
            if let Err(error) = self.within(tier, tier.sweep(expired)).await {
                report(cx, tier.scheme(), &error);
            }
        }
    }
}

/// Reports a backend that failed.
pub(crate) fn report(cx: &Context<'_>, backend: &str, error: &BackendError) {
    let reason = error.message();
    cx.emit(Event::CacheUnavailable { backend, reason });
}
