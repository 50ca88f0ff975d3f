use std::cell::Cell;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use opero_core::sync::lock;
use opero_core::{Context, Event};

use crate::freshness::Age;

/// Counts of a cache since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Calls answered from the cache.
    pub hits: u64,
    /// Those of the hits that were past their time to live, and are being refreshed.
    pub stale: u64,
    /// Calls answered by a concurrent call with the same key.
    pub coalesced: u64,
    /// Calls that found nothing.
    pub misses: u64,
    /// Results stored.
    pub inserts: u64,
    /// Entries dropped to make room.
    pub evictions: u64,
    /// Entries held now, as far as the backend knows.
    pub entries: u64,
}

/// The counts of one cache. Each method counts one call, and emits its event.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: Counter,
    pub(crate) stale: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) misses: Counter,
    pub(crate) inserts: Counter,
}

impl Counters {
    #[inline]
    pub(crate) fn hit(&self, cx: &Context<'_>) {
        self.hits.add_one();
        cx.emit(Event::CacheHit);
    }

    /// Counts a hit of that age.
    pub(crate) fn served(&self, cx: &Context<'_>, age: Age) {
        match age {
            Age::Fresh | Age::RefreshDue => self.hit(cx),
            Age::Stale => {
                self.hits.add_one();
                self.stale.add_one();
                cx.emit(Event::CacheStale);
            }
        }
    }

    pub(crate) fn coalesced(&self, cx: &Context<'_>) {
        self.coalesced.add_one();
        cx.emit(Event::CacheCoalesced);
    }

    pub(crate) fn miss(&self, cx: &Context<'_>) {
        self.misses.add_one();
        cx.emit(Event::CacheMiss);
    }

    pub(crate) fn insert(&self, cx: &Context<'_>) {
        self.inserts.add_one();
        cx.emit(Event::CacheStored);
    }
}

/// A counter that threads add to without sharing a cache line, and without an atomic read-modify-write as long as no more
/// than [`OWN`] of them live at once: on a hit of 50 ns that instruction would be a tenth.
#[derive(Default)]
pub(crate) struct Counter {
    own: [Stripe; OWN],
    shared: Stripe,
}

const OWN: usize = 16;

#[derive(Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

impl Counter {
    #[inline]
    pub(crate) fn add_one(&self) {
        match self.own.get(owned_stripe()) {
            // No other thread writes here.
            Some(Stripe(own)) => own.store(own.load(Ordering::Relaxed) + 1, Ordering::Relaxed),
            None => {
                self.shared.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn get(&self) -> u64 {
        let own: u64 = self.own.iter().map(|s| s.0.load(Ordering::Relaxed)).sum();
        own + self.shared.0.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// The numbers below [`OWN`] that no living thread has.
static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
/// The first number never given out.
static FRESH: AtomicUsize = AtomicUsize::new(0);

const UNKNOWN: usize = usize::MAX;

/// Gives its number back when the thread ends; the lock orders the next owner's writes behind this one's.
struct Owned(usize);

impl Drop for Owned {
    fn drop(&mut self) {
        // A destructor that runs later still counts, on the shared stripe.
        let _ = STRIPE.try_with(|stripe| stripe.set(OWN));
        lock(&FREE).push(self.0);
    }
}

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(UNKNOWN) };
    static OWNED: Cell<Option<Owned>> = const { Cell::new(None) };
}

/// This thread's own stripe, or a number past the last one.
#[inline]
fn owned_stripe() -> usize {
    match STRIPE.try_with(Cell::get) {
        Ok(UNKNOWN) => draw(),
        Ok(stripe) => stripe,
        Err(_) => OWN,
    }
}

#[cold]
fn draw() -> usize {
    let free = lock(&FREE).pop();
    let number = free.unwrap_or_else(|| FRESH.fetch_add(1, Ordering::Relaxed));
    // Where the thread is ending already, nothing would give the number back.
    let kept = number < OWN
        && OWNED
            .try_with(|owned| owned.set(Some(Owned(number))))
            .is_ok();
    let stripe = if kept { number } else { OWN };
    let _ = STRIPE.try_with(|slot| slot.set(stripe));
    stripe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_is_lost_among_more_threads_than_stripes() {
        let counter = Counter::default();
        for _ in 0..3 {
            std::thread::scope(|scope| {
                for _ in 0..2 * OWN {
                    scope.spawn(|| (0..10_000).for_each(|_| counter.add_one()));
                }
            });
        }
        assert_eq!(counter.get(), 3 * 2 * OWN as u64 * 10_000);
    }
}
