//! A decorated function that succeeds, or that hits, allocates nothing; its future is small.
#![allow(unsafe_code)]
// A global allocator that counts cannot be written without.
// Decorated functions are not `#[test]` themselves, so the lints do not see that all of this is a test.
#![allow(clippy::unwrap_used)]

use std::future::{Future, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use opero::opero;

/// Of this thread: the test harness allocates on its own.
fn allocations(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run).count_total
}

/// Polls once what is ready at once: no runtime whose allocations would count.
fn poll<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("every function here is ready at once"),
    }
}

#[opero(cache = false)]
async fn bare(n: u64) -> Result<u64, opero::Error<String>> {
    ready(Ok(n)).await
}

#[opero(cache = false, retries = 5, rate_limit = 1_000_000, rate_burst = 1000)]
async fn limited(n: u64) -> Result<u64, opero::Error<String>> {
    ready(Ok(n)).await
}

#[opero(cache = false, attempt_timeout = "1m")]
async fn timed(n: u64) -> Result<u64, opero::Error<String>> {
    ready(Ok(n)).await
}

#[opero(cache = false, arg_fallback = "model")]
async fn with_fallback_values(model: &str, n: u64) -> Result<u64, opero::Error<String>> {
    ready(Ok(n + model.len() as u64)).await
}

#[opero(cache = false, rate_limit = 1_000_000, rate_burst = 1000)]
fn limited_sync(n: u64) -> Result<u64, opero::Error<String>> {
    Ok(n)
}

#[opero(cache_backend = "quick")]
async fn quick(n: u64) -> Result<u64, opero::Error<String>> {
    ready(Ok(n)).await
}

#[opero(cache_backend = "quick")]
fn quick_sync(n: u64) -> Result<u64, opero::Error<String>> {
    Ok(n)
}

#[opero(cache_backend = "memory")]
async fn memory(n: u64) -> Result<u64, opero::Error<String>> {
    ready(Ok(n)).await
}

/// A function under its name.
type Named<'a> = (&'a str, &'a dyn Fn(u64) -> u64);

#[test]
fn a_success_and_a_hit_allocate_nothing() {
    let past = opero::Pipeline::<String>::builder().cache(false);
    let past = past.attempt_timeout("1m").build().unwrap();
    let through = opero::Pipeline::<String>::builder().build().unwrap();
    let functions: [Named<'_>; 11] = [
        ("bare", &|n| poll(bare(n)).unwrap()),
        ("limited", &|n| poll(limited(n)).unwrap()),
        ("timed", &|n| poll(timed(n)).unwrap()),
        ("with_fallback_values", &|n| {
            poll(with_fallback_values(["small", "large"], n)).unwrap()
        }),
        ("a pipeline without a cache", &|n| {
            poll(past.call(&n, |_| ready(Ok(n)))).unwrap()
        }),
        ("a call without a key", &|n| {
            poll(through.execute(&opero::extend::operation(|_| ready(Ok(n))))).unwrap()
        }),
        ("a pipeline that hits", &|n| {
            poll(through.call(&n, |_| ready(Ok(n)))).unwrap()
        }),
        ("limited_sync", &|n| limited_sync(n).unwrap()),
        ("quick", &|n| poll(quick(n)).unwrap()),
        ("quick_sync", &|n| quick_sync(n).unwrap()),
        ("memory", &|n| poll(memory(n)).unwrap()),
    ];
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 1);
    for (name, function) in functions {
        function(7); // The stages are built, the value is cached, and the timers' thread runs.
        let count = allocations(|| {
            black_box(function(black_box(7)));
        });
        assert_eq!(count, 0, "{name}");
    }
}

#[test]
fn a_decorated_future_is_at_most_512_bytes_larger() {
    async fn own(n: u64) -> Result<u64, opero::Error<String>> {
        ready(Ok(n)).await
    }
    let own = size_of_val(&own(1));
    let sizes = [
        ("bare", size_of_val(&bare(1))),
        ("limited", size_of_val(&limited(1))),
        ("timed", size_of_val(&timed(1))),
        ("quick", size_of_val(&quick(1))),
    ];
    for (name, size) in sizes {
        assert!(size <= own + 512, "{name}: {size} bytes, {own} of its own");
    }
}
