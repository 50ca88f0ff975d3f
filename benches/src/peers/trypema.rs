//! trypema's limiters on redis: a script for each decision, and its hybrid, which decides from what it counted itself and
//! tells the server every 10 ms. Theirs are sliding windows; the hybrid's bound does not hold over several processes.

use std::sync::Arc;

use redis::Client;
use redis::aio::ConnectionManager;
use trypema::hybrid::HybridRateLimiterProvider;
use trypema::redis::{RedisKey, RedisRateLimiterProvider};
use trypema::{RateLimit, RateLimitDecision, RateLimiterBuilder};

use crate::workload::Trouble;

#[derive(Clone)]
pub(crate) struct Single {
    limiter: Arc<RedisRateLimiterProvider>,
    limit: Limit,
}

impl Single {
    /// Connects on the runtime around this call.
    pub(crate) async fn connect(url: &str) -> Result<Self, Trouble> {
        let limiter = RedisRateLimiterProvider::builder(manager(url).await?).build()?;
        let limit = Limit::new()?;
        Ok(Self { limiter, limit })
    }

    pub(crate) async fn decide(&self) -> Result<(), Trouble> {
        let Limit { key, rate } = &self.limit;
        admitted(self.limiter.absolute().inc(key, rate, 1).await?)
    }
}

#[derive(Clone)]
pub(crate) struct Hybrid {
    limiter: Arc<HybridRateLimiterProvider>,
    limit: Limit,
}

impl Hybrid {
    /// Connects on the runtime around this call.
    pub(crate) async fn connect(url: &str) -> Result<Self, Trouble> {
        let limiter = HybridRateLimiterProvider::builder(manager(url).await?).build()?;
        let limit = Limit::new()?;
        Ok(Self { limiter, limit })
    }

    pub(crate) async fn decide(&self) -> Result<(), Trouble> {
        let Limit { key, rate } = &self.limit;
        let limiter = self.limiter.absolute();
        match limiter.try_inc(key.as_key_ref(), 1)? {
            Some(decision) => admitted(decision),
            None => admitted(limiter.inc(key, rate, 1).await?),
        }
    }
}

#[derive(Clone)]
struct Limit {
    key: RedisKey,
    rate: RateLimit,
}

impl Limit {
    /// Ten million a second.
    fn new() -> Result<Self, Trouble> {
        let key = RedisKey::try_from("limit".to_owned())?;
        let rate = RateLimit::per_second(10_000_000.0)?;
        Ok(Self { key, rate })
    }
}

async fn manager(url: &str) -> Result<ConnectionManager, Trouble> {
    Ok(Client::open(url)?.get_connection_manager().await?)
}

fn admitted(decision: RateLimitDecision) -> Result<(), Trouble> {
    match decision {
        RateLimitDecision::Allowed => Ok(()),
        _ => Err(Trouble::new("a limit that was never to be hit")),
    }
}
