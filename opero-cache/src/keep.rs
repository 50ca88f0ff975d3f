//! Keeping entries, replacing them and dropping them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use opero_core::{BackendError, Context, Entry, Event, Instant, Key, Outcome};

use crate::layer::Layer;
use crate::look::Place;
use crate::patience::{clearing, within};
use crate::stage::Cache;

/// A value to be kept, for how long, and in which of the layers.
pub(crate) struct Kept<'v> {
    pub(crate) entry: &'v Entry,
    pub(crate) ttl: Option<Duration>,
    pub(crate) place: Place,
}

impl Cache {
    /// What a layer answers, within the patience that the cache has with it.
    pub(crate) async fn bounded<T>(
        &self,
        layer: &Layer,
        asked: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        within(layer.limit(self.config.patience), asked).await
    }

    /// Drops an entry that is out of date; a failing backend is reported by an event.
    pub(crate) async fn forget(&self, cx: &Context<'_>, key: &Key) {
        for layer in self.layers() {
            if let Err(error) = self.bounded(layer, layer.remove(key)).await {
                self.report(cx, layer, &error);
            }
        }
    }

    /// Drops an entry, and lets no flight under way bring it back.
    pub(crate) async fn invalidate(&self, key: &Key) -> Result<(), BackendError> {
        self.flights.detach(key);
        let mut result = Ok(());
        for layer in self.layers() {
            result = result.and(self.bounded(layer, layer.remove(key)).await);
        }
        result
    }

    /// Drops all entries, and lets no flight under way bring one back.
    pub(crate) async fn invalidate_all(&self) -> Result<(), BackendError> {
        self.flights.detach_all();
        let mut result = Ok(());
        for layer in self.layers() {
            result = result.and(clearing(layer.limit(self.config.patience), layer.clear()).await);
        }
        result
    }

    /// Keeps a value that is newer than what any flight under way will bring.
    pub(crate) async fn replace(&self, cx: &Context<'_>, outcome: &mut dyn Outcome, key: &Key) {
        self.flights.detach(key);
        self.store(cx, outcome, key).await;
    }

    /// Keeps the outcome's value in every layer; a failing backend only costs the entry. Returns the value as an entry.
    pub(crate) async fn store(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Option<Entry> {
        let now = cx.coarse_now();
        let ttl = self.config.ttl;
        let entry = outcome.entry(ttl.map(|ttl| now + ttl))?;
        let last = match &self.far {
            None => &self.near,
            Some(far) => {
                self.keep_near(cx, outcome, key, ttl).await;
                far
            }
        };
        let kept = Kept {
            entry: &entry,
            ttl,
            place: Place::Last,
        };
        if self.put(last, cx, outcome, key, &kept).await {
            self.counters.inserts.add_one();
            cx.emit(Event::CacheStored);
            if self.renews {
                self.refreshing.succeeded(key);
            }
        }
        self.sweep(cx, now).await;
        Some(entry)
    }

    /// Keeps what the farther layer has for another `left` in the nearer one: not for longer, and not into the part of it in
    /// which somebody should come and refresh it.
    pub(crate) async fn keep_near(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        left: Option<Duration>,
    ) {
        let l1_ttl = self.config.l1_ttl;
        let last_part = self.config.refresh.unwrap_or_default();
        let ttl = left.map_or(l1_ttl, |left| left.saturating_sub(last_part).min(l1_ttl));
        if ttl.is_zero() {
            return;
        }
        let Some(entry) = outcome.entry(Some(cx.coarse_now() + ttl)) else {
            return;
        };
        let kept = Kept {
            entry: &entry,
            ttl: Some(ttl),
            place: Place::Near,
        };
        self.put(&self.near, cx, outcome, key, &kept).await;
    }

    /// Puts the outcome's value into one layer; `false` where that failed, which an event reports.
    async fn put(
        &self,
        layer: &Layer,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        kept: &Kept<'_>,
    ) -> bool {
        let put = match layer {
            Layer::Objects(backend) => {
                let _ = (outcome, kept.ttl, kept.place);
                self.bounded(layer, backend.put(key, kept.entry.clone()))
                    .await
            }
            #[cfg(feature = "bytes")]
            Layer::Records(store) => match self.record_of(cx, outcome, key, kept) {
                Ok((record, keep)) => self.bounded(layer, store.put(key, record, keep)).await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = &put {
            self.report(cx, layer, error);
        }
        put.is_ok()
    }

    /// Once a TTL, one put pays for dropping what has expired: no entry outlives its expiry by more than that.
    async fn sweep(&self, cx: &Context<'_>, now: Instant) {
        let Some(ttl) = self.config.ttl else { return };
        let due = self.next_sweep.load(Ordering::Relaxed);
        if now.as_nanos() < due {
            return;
        }
        let next = (now + ttl).as_nanos();
        let mine = self
            .next_sweep
            .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        // The first put only sets the date.
        if !mine || due == 0 {
            return;
        }
        // What may still serve stale has not expired yet.
        let stale = self.config.stale.unwrap_or_default();
        let Ok(stale) = u64::try_from(stale.as_nanos()) else {
            return;
        };
        let expired = Instant::from_nanos(now.as_nanos().saturating_sub(stale));
        for layer in self.layers() {
            if let Err(error) = self.bounded(layer, layer.sweep(expired)).await {
                self.report(cx, layer, &error);
            }
        }
    }
}
