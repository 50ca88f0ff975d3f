//! The loop that is written by hand, with governor inside.

use std::time::Duration;

use governor::clock::{Clock, DefaultClock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::workload::{Failure, MODELS, work};

const ATTEMPTS: u32 = 4;
const MIN_DELAY: Duration = Duration::from_millis(100);

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Retries around one call.
pub(crate) async fn retry(input: u64) -> Result<u64, Failure> {
    let mut delay = MIN_DELAY;
    let mut attempt = 1;
    loop {
        match work(input, MODELS[0]).await {
            Ok(value) => return Ok(value),
            Err(failure) if attempt == ATTEMPTS => return Err(failure),
            Err(_) => {
                tokio::time::sleep(delay).await;
                delay = delay.mul_f64(1.5);
                attempt += 1;
            }
        }
    }
}

/// Retries around two models around a limit.
pub(crate) struct Stack<C: Clock>(Limiter<C>);

impl Stack<DefaultClock> {
    /// With governor's default clock: `quanta` reads the processor's counter, at a third of the price, and goes
    /// backwards where the counters of two processors disagree.
    pub(crate) fn quanta(quota: Quota) -> Self {
        Self(RateLimiter::direct(quota))
    }
}

impl Stack<MonotonicClock> {
    /// With the standard library's monotonic clock, which keeps the promise that opero's clock keeps.
    pub(crate) fn monotonic(quota: Quota) -> Self {
        Self(RateLimiter::direct_with_clock(quota, MonotonicClock))
    }
}

impl<C: governor::clock::ReasonablyRealtime> Stack<C> {
    pub(crate) async fn call(&self, input: u64) -> Result<u64, Failure> {
        let mut delay = MIN_DELAY;
        let mut attempt = 1;
        loop {
            let mut last = Failure;
            for model in MODELS {
                self.0.until_ready().await;
                match work(input, model).await {
                    Ok(value) => return Ok(value),
                    Err(failure) => last = failure,
                }
            }
            if attempt == ATTEMPTS {
                return Err(last);
            }
            tokio::time::sleep(delay).await;
            delay = delay.mul_f64(1.5);
            attempt += 1;
        }
    }
}
