//! The same layers from tower-resilience.

use std::time::Duration;

use tower::{Layer, Service, ServiceExt, service_fn};
use tower_resilience::cache::{CacheBuildError, CacheLayer};
use tower_resilience::fallback::FallbackLayer;
use tower_resilience::ratelimiter::{
    RateLimiterConfigError, RateLimiterLayer, RateLimiterServiceError,
};
use tower_resilience::retry::{ExponentialBackoff, RetryLayer};

use crate::workload::{Args, CAPACITY, Failure, MODELS, TTL, profile, work};

/// A request by its caller's hand: a service wants to be asked whether it is ready.
pub(crate) async fn call<S: Service<A>, A>(
    service: &mut S,
    request: A,
) -> Result<S::Response, S::Error> {
    service.ready().await?.call(request).await
}

fn backoff() -> ExponentialBackoff {
    let backoff =
        ExponentialBackoff::new(Duration::from_millis(100)).max_interval(Duration::from_secs(30));
    // Its factor is checked; 1.5 passes.
    backoff.clone().multiplier(1.5).unwrap_or(backoff)
}

/// Retries around one call.
pub(crate) fn retry() -> impl Service<u64, Response = u64> {
    RetryLayer::builder()
        .max_attempts(4)
        .backoff(backoff())
        .build()
        .layer(service_fn(|input| work(input, MODELS[0])))
}

/// Retries around a fallback around a limit. Its fallback is another function rather than another argument, and takes
/// no permit of its own: less than the others do.
pub(crate) fn stack() -> Result<impl Service<u64, Response = u64>, RateLimiterConfigError> {
    // Fixed windows, the cheapest of its three; a billion a second are never used up.
    let limit = RateLimiterLayer::builder()
        .limit_for_period(1_000_000_000)
        .refresh_period(Duration::from_secs(1))
        .build()?;
    let limited = limit.layer(service_fn(|input| work(input, MODELS[0])));
    let fallback = FallbackLayer::service(|input| async move {
        work(input, MODELS[1])
            .await
            .map_err(RateLimiterServiceError::Inner)
    });
    let retry = RetryLayer::builder()
        .max_attempts(4)
        .backoff(backoff())
        .build();
    Ok(retry.layer(fallback.layer(limited)))
}

/// A cache around a function, least recently used out first.
pub(crate) fn cache() -> Result<impl Service<Args, Response = String>, CacheBuildError> {
    let cache = CacheLayer::builder()
        .max_size(CAPACITY)
        .ttl(TTL)
        .key_extractor(Args::clone)
        .build()?;
    Ok(cache.layer(service_fn(|(name, length): Args| async move {
        Ok::<_, Failure>(profile(&name, length))
    })))
}
