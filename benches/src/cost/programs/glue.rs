use std::num::NonZeroU32;
use std::sync::LazyLock;

use backon::{BlockingRetryable, ExponentialBuilder, Retryable};
use cached::macros::cached;
use futures::stream::{self, StreamExt};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rayon::prelude::*;

type Limit = LazyLock<DefaultDirectRateLimiter>;

fn limit() -> DefaultDirectRateLimiter {
    let starts = NonZeroU32::new(1_000_000).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct(Quota::per_second(starts))
}

fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::new().with_max_times(2).with_jitter()
}

/// governor's limiters wait in async code only.
fn wait(limit: &Limit) {
    while let Err(early) = limit.check() {
        std::thread::sleep(early.wait_time_from(DefaultClock::default().now()));
    }
}
