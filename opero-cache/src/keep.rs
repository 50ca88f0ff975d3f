//! Keeping entries, replacing them and dropping them.

use std::sync::atomic::Ordering;

use opero_core::{BackendError, Context, Event, Instant, Key};

use crate::backend::Entry;
use crate::patience::within;
use crate::stage::Cache;

impl Cache {
    /// Drops an entry, within the patience that the cache has with its backend.
    pub(crate) async fn forget(&self, key: &Key) -> Result<(), BackendError> {
        within(self.config.patience, self.backend.remove(key)).await
    }

    /// Drops an entry, and lets no flight under way bring it back.
    pub(crate) async fn invalidate(&self, key: &Key) -> Result<(), BackendError> {
        self.flights.detach(key);
        self.forget(key).await
    }

    /// Drops all entries, and lets no flight under way bring one back.
    pub(crate) async fn invalidate_all(&self) -> Result<(), BackendError> {
        self.flights.detach_all();
        within(self.config.patience, self.backend.clear()).await
    }

    /// Keeps a value that is newer than what any flight under way will bring.
    pub(crate) async fn replace<T: Clone + Send + Sync + 'static>(
        &self,
        cx: &Context<'_>,
        key: &Key,
        value: &T,
    ) {
        self.flights.detach(key);
        self.store(cx, key, value).await;
    }

    /// Keeps `value`; a failing backend only costs the entry.
    pub(crate) async fn store<T: Clone + Send + Sync + 'static>(
        &self,
        cx: &Context<'_>,
        key: &Key,
        value: &T,
    ) -> Entry {
        let now = cx.coarse_now();
        let entry = Entry::new(value.clone(), self.config.ttl.map(|ttl| now + ttl));
        let put = self.backend.put(key, entry.clone());
        match within(self.config.patience, put).await {
            Ok(()) => {
                self.counters.inserts.add_one();
                cx.emit(Event::CacheStored);
            }
            Err(error) => self.report(cx, &error),
        }
        self.sweep(cx, now).await;
        entry
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
        if mine
            && due != 0
            && let Err(error) = within(self.config.patience, self.backend.sweep(now)).await
        {
            self.report(cx, &error);
        }
    }
}
