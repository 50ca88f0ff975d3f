//! backon for the retries; it has neither fallback nor limit, so those are governor's and a loop of ours.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::workload::{Failure, MODELS, work};

/// Jitter is drawn only after a failure, so it costs nothing here.
fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(30))
        .with_factor(1.5)
        .with_max_times(3)
        .with_jitter()
}

/// Retries around one call.
pub(crate) struct Retry(ExponentialBuilder);

impl Retry {
    pub(crate) fn new() -> Self {
        Self(backoff())
    }

    pub(crate) async fn call(&self, input: u64) -> Result<u64, Failure> {
        (|| work(input, MODELS[0])).retry(self.0).await
    }
}

/// Retries around two models around a limit.
pub(crate) struct Stack {
    backoff: ExponentialBuilder,
    limiter: RateLimiter<NotKeyed, InMemoryState, DefaultClock>,
}

impl Stack {
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            backoff: backoff(),
            limiter: RateLimiter::direct(quota),
        }
    }

    pub(crate) async fn call(&self, input: u64) -> Result<u64, Failure> {
        (|| async {
            let mut last = Failure;
            for model in MODELS {
                self.limiter.until_ready().await;
                match work(input, model).await {
                    Ok(value) => return Ok(value),
                    Err(failure) => last = failure,
                }
            }
            Err(last)
        })
        .retry(self.backoff)
        .await
    }
}
