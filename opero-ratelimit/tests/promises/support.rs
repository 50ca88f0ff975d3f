//! What several of the modules need.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use opero_core::{ManualClock, Operation, Rejected, Stage, WaitMode, operation};
use opero_ratelimit::{Quota, RateLimit, RateLimitConfig};

pub(crate) type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Rejected>> + Send + 'a>>;

pub(crate) fn quota(period: Duration, burst: u32) -> Quota {
    Quota::each(period).with_burst(burst).unwrap()
}

pub(crate) fn local(config: RateLimitConfig) -> RateLimit {
    RateLimit::open(&"local".into(), config).unwrap()
}

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut TaskContext::from_waker(Waker::noop()))
}

/// A call through the stage, on the manual clock, of an operation that returns at once.
pub(crate) fn call<'a>(
    limit: &'a RateLimit,
    clock: &'a ManualClock,
    key: Option<u8>,
    cost: u32,
) -> Call<'a> {
    Box::pin(async move {
        let cx = opero_core::Context::new(clock, WaitMode::Async);
        let unkeyed = operation(|_| async { Ok::<(), ()>(()) }).with_cost(cost);
        let operation = match key {
            Some(key) => unkeyed.with_rate_key(&key),
            None => unkeyed,
        };
        through(limit, &cx, &operation).await
    })
}

async fn through(
    limit: &RateLimit,
    cx: &opero_core::Context<'_>,
    operation: &impl Operation<(), ()>,
) -> Result<(), Rejected> {
    let result = limit.call(cx, opero_core::Attempt::FIRST, operation).await;
    result.map_err(|error| error.rejection().unwrap().clone())
}
