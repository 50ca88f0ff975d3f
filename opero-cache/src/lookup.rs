//! Finding a result. What is found becomes the call's outcome.

use opero_core::{Context, Entry, Key, Outcome};

use crate::backend::Peek;
use crate::freshness::{Age, Found, Freshness, Level, Lookup};
#[cfg(feature = "bytes")]
use crate::record::Reader;
use crate::store::{Store, report};
use crate::tier::Tier;

/// Returns the entry of that key where it is in memory and fresh.
#[inline]
pub(crate) fn fresh_entry(store: &Store, cx: &Context<'_>, key: &Key) -> Option<Entry> {
    let entry = match &store.tiers.first {
        Tier::Objects(backend) => backend.peek(key),
        #[cfg(feature = "bytes")]
        Tier::Records(_) => Peek::NeedsAsync,
    };
    let Peek::Hit(entry) = entry else {
        return None;
    };
    let level = store.tiers.first_level();
    let found = store.freshness.judge(level, cx, &entry)?;
    (found.age == Age::Fresh).then_some(entry)
}

/// Returns `true` if memory has no entry of that key to serve.
pub(crate) fn is_missing(store: &Store, cx: &Context<'_>, key: &Key) -> bool {
    let level = store.tiers.first_level();
    match &store.tiers.first {
        Tier::Objects(backend) => match backend.peek(key) {
            Peek::Hit(entry) => store.freshness.judge(level, cx, &entry).is_none(),
            Peek::Miss => true,
            Peek::NeedsAsync => false,
        },
        #[cfg(feature = "bytes")]
        Tier::Records(_) => false,
    }
}

/// Finds what is in memory, or on a disk, without waiting. It reports no failure.
#[inline]
pub(crate) fn peek(
    store: &Store,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    key: &Key,
) -> Lookup {
    let tiers = &store.tiers;
    match peek_in(
        &tiers.first,
        store.freshness,
        tiers.first_level(),
        cx,
        outcome,
        key,
    ) {
        Lookup::Miss if tiers.l2.is_some() => Lookup::NeedsAsync,
        found => found,
    }
}

#[inline]
fn peek_in(
    tier: &Tier,
    freshness: Freshness,
    level: Level,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    key: &Key,
) -> Lookup {
    match tier {
        Tier::Objects(backend) => match backend.peek(key) {
            Peek::Hit(entry) => take(freshness, level, cx, outcome, &entry),
            Peek::Miss => Lookup::Miss,
            Peek::NeedsAsync => Lookup::NeedsAsync,
        },
        #[cfg(feature = "bytes")]
        Tier::Records(store) => Reader {
            freshness,
            level,
            cx,
            outcome,
            key,
        }
        .read(&**store),
    }
}

/// Looks up every tier, L1 first. An event reports a tier that fails.
pub(crate) async fn find(
    store: &Store,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    key: &Key,
) -> Lookup {
    let tiers = &store.tiers;
    let first = find_in(store, &tiers.first, tiers.first_level(), cx, outcome, key).await;
    let Some(l2) = tiers
        .l2
        .as_ref()
        .filter(|_| !matches!(first, Lookup::Hit(_)))
    else {
        return first;
    };
    let found = find_in(store, l2, Level::Last, cx, outcome, key).await;
    // What is due for a refresh stays out of L1, so that the next call sees that it is.
    if let Lookup::Hit(Found {
        age: Age::Fresh,
        expiry,
    }) = &found
    {
        store.put_l1(cx, outcome, key, expiry.left(cx)).await;
    }
    found
}

async fn find_in(
    store: &Store,
    tier: &Tier,
    level: Level,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    key: &Key,
) -> Lookup {
    let freshness = store.freshness;
    match peek_in(tier, freshness, level, cx, outcome, key) {
        Lookup::NeedsAsync => {}
        found => return found,
    }
    let found = match tier {
        Tier::Objects(backend) => store.within(tier, backend.get(key)).await.map(|entry| {
            entry.map_or(Lookup::Miss, |entry| {
                take(freshness, level, cx, outcome, &entry)
            })
        }),
        #[cfg(feature = "bytes")]
        Tier::Records(records) => store.within(tier, records.get(key)).await.map(|record| {
            record.map_or(Lookup::Miss, |record| {
                Reader {
                    freshness,
                    level,
                    cx,
                    outcome,
                    key,
                }
                .open_or_reject(&**records, &record)
            })
        }),
    };
    found.unwrap_or_else(|error| {
        report(cx, tier.scheme(), &error);
        Lookup::NeedsAsync
    })
}

/// Takes the value of an entry that may be served.
fn take(
    freshness: Freshness,
    level: Level,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    entry: &Entry,
) -> Lookup {
    match freshness.judge(level, cx, entry) {
        Some(found) if outcome.take(entry) => Lookup::Hit(found),
        _ => Lookup::Miss,
    }
}
