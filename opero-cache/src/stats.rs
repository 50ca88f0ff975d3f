use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a cache did since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Calls answered from the cache.
    pub hits: u64,
    /// Calls answered by a concurrent call with the same key.
    pub followed: u64,
    /// Calls that found nothing.
    pub misses: u64,
    /// Results stored.
    pub inserts: u64,
    /// Entries dropped to make room.
    pub evictions: u64,
    /// Entries held now, as far as the backend knows.
    pub entries: u64,
}

/// A counter that threads add to without sharing a cache line, as long as there are no more of them than stripes.
#[derive(Debug, Default)]
pub(crate) struct Counter([Stripe; STRIPES]);

const STRIPES: usize = 16;

#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
}

impl Counter {
    #[inline]
    pub(crate) fn add_one(&self) {
        self.0[stripe()].0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.iter().map(|s| s.0.load(Ordering::Relaxed)).sum()
    }
}

#[inline]
fn stripe() -> usize {
    STRIPE
        .try_with(|stripe| match stripe.get() {
            usize::MAX => {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                let mine = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
                stripe.set(mine);
                mine
            }
            mine => mine,
        })
        .unwrap_or(0)
}
