//! A cache hit behind a function `(String, u64) -> String`. All are called with an owned name, as that signature
//! demands; it is made outside the timed stretch, so the only allocation left is the value's copy.

use super::{Entry, Subjects, runtime};
use crate::harness::Subject;
use crate::ours::hit as ours;
use crate::peers::{cached, moka, quick_cache, tower};
use crate::workload::{Args, long, short};

pub(super) const ROWS: [Entry; 8] = [
    ("hit/memory", || {
        sync(|(name, n)| ours::memory(name, n), short)
    }),
    ("hit/quick", || {
        sync(|(name, n)| ours::quick(name, n), short)
    }),
    ("hit/memory-4k", || {
        sync(|(name, n)| ours::memory(name, n), long)
    }),
    ("hit/quick-4k", || {
        sync(|(name, n)| ours::quick(name, n), long)
    }),
    ("hit/memory-async", || {
        asynchronous(async |(name, n)| ours::memory_async(name, n).await, short)
    }),
    ("hit/quick-async", || {
        asynchronous(async |(name, n)| ours::quick_async(name, n).await, short)
    }),
    ("hit/memory-async-4k", || {
        asynchronous(async |(name, n)| ours::memory_async(name, n).await, long)
    }),
    ("hit/quick-async-4k", || {
        asynchronous(async |(name, n)| ours::quick_async(name, n).await, long)
    }),
];

fn sync(ours: impl Fn(Args) -> String + 'static, args: fn() -> Args) -> Subjects {
    let moka = moka::Sync::new();
    let quick = quick_cache::Quick::new();
    let args = move |_| args();
    Ok(vec![
        Subject::sync("opero", args, ours),
        Subject::sync("moka", args, move |args| moka.call(args)),
        Subject::sync("quick_cache", args, move |args| quick.call(args)),
        Subject::sync("cached", args, |(name, n)| cached::bare(name, n)),
        Subject::sync("cached-lru-ttl", args, |(name, n)| cached::lru_ttl(name, n)),
    ])
}

fn asynchronous(ours: impl AsyncFn(Args) -> String + 'static, args: fn() -> Args) -> Subjects {
    let runtime = runtime()?;
    let moka = moka::Async::new();
    let quick = quick_cache::Quick::new();
    let mut tower = tower::cache()?;
    let args = move |_| args();
    Ok(vec![
        Subject::asynchronous("opero", &runtime, args, ours),
        Subject::asynchronous("moka", &runtime, args, async move |args| {
            moka.call(args).await
        }),
        Subject::asynchronous("quick_cache", &runtime, args, async move |args| {
            quick.call(args)
        }),
        Subject::asynchronous("cached", &runtime, args, async |(name, n)| {
            cached::bare_async(name, n).await
        }),
        Subject::asynchronous("cached-lru-ttl", &runtime, args, async |(name, n)| {
            cached::lru_ttl_async(name, n).await
        }),
        Subject::asynchronous("tower-resilience", &runtime, args, async move |args| {
            tower::call(&mut tower, args).await.ok()
        }),
    ])
}
