//! A cache hit, and a miss, behind a function of a string and a number, as most are: it borrows the string. The only allocation left
//! is the value's copy.

use std::cell::Cell;
use std::sync::LazyLock;

use super::{Entry, Subjects, runtime};
use crate::harness::Subject;
use crate::ours::hit as ours;
use crate::peers::{cached, moka, quick_cache, tower};
use crate::workload::{Args, LONG, SHORT};

pub(super) const ROWS: [Entry; 10] = [
    ("miss/memory", || miss(ours::missed_memory)),
    ("miss/quick", || miss(ours::missed_quick)),
    ("hit/memory", || sync(ours::memory, &SHORT)),
    ("hit/quick", || sync(ours::quick, &SHORT)),
    ("hit/memory-4k", || sync(ours::memory, &LONG)),
    ("hit/quick-4k", || sync(ours::quick, &LONG)),
    ("hit/memory-async", || {
        asynchronous(async |name, n| ours::memory_async(name, n).await, &SHORT)
    }),
    ("hit/quick-async", || {
        asynchronous(async |name, n| ours::quick_async(name, n).await, &SHORT)
    }),
    ("hit/memory-async-4k", || {
        asynchronous(async |name, n| ours::memory_async(name, n).await, &LONG)
    }),
    ("hit/quick-async-4k", || {
        asynchronous(async |name, n| ours::quick_async(name, n).await, &LONG)
    }),
];

/// Each call is executed and kept. The caches are full, so another entry goes.
fn miss(ours: impl Fn(&str, u64) -> String + 'static) -> Subjects {
    let numbers = || {
        let last = Cell::new(0);
        move |_| last.replace(last.get() + 1)
    };
    Ok(vec![
        Subject::sync("opero", numbers(), move |n| ours(&SHORT.0, n)),
        Subject::sync("cached", numbers(), |n| cached::missed(&SHORT.0, n)),
    ])
}

fn sync(ours: impl Fn(&str, u64) -> String + 'static, args: &'static LazyLock<Args>) -> Subjects {
    let moka = moka::Sync::new();
    let quick = quick_cache::Quick::new();
    let args = move |_| &**args;
    Ok(vec![
        Subject::sync("opero", args, move |(name, n): &Args| ours(name, *n)),
        Subject::sync("moka", args, move |args| moka.call(args)),
        Subject::sync("quick_cache", args, move |args| quick.call(args)),
        Subject::sync("cached-unbounded", args, |(name, n)| cached::bare(name, *n)),
        Subject::sync("cached", args, |(name, n)| cached::lru_ttl(name, *n)),
    ])
}

fn asynchronous(
    ours: impl AsyncFn(&str, u64) -> String + 'static,
    args: &'static LazyLock<Args>,
) -> Subjects {
    let runtime = runtime()?;
    let moka = moka::Async::new();
    let quick = quick_cache::Quick::new();
    let mut tower = tower::cache()?;
    let args = move |_| &**args;
    Ok(vec![
        Subject::asynchronous("opero", &runtime, args, async move |(name, n): &Args| {
            ours(name, *n).await
        }),
        Subject::asynchronous("moka", &runtime, args, async move |args| {
            moka.call(args).await
        }),
        Subject::asynchronous("quick_cache", &runtime, args, async move |args| {
            quick.call(args)
        }),
        Subject::asynchronous(
            "cached-unbounded",
            &runtime,
            args,
            async |(name, n): &Args| cached::bare_async(name, *n).await,
        ),
        Subject::asynchronous("cached", &runtime, args, async |(name, n): &Args| {
            cached::lru_ttl_async(name, *n).await
        }),
        // A service owns its request.
        Subject::asynchronous(
            "tower-resilience",
            &runtime,
            args,
            async move |args: &Args| tower::call(&mut tower, args.clone()).await.ok(),
        ),
    ])
}
