//! The backend `redis`: one limit for many processes and hosts.

mod batch_size;
mod batches;
mod gcra;
mod key_state;
mod leased;
mod settings;
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use opero_core::clock::real_sleep;
use opero_core::{Backend, BackendError, BackendUri, ConfigError, Key, async_trait};
use opero_redis::key::{escape, prefix};
use opero_redis::{Address, Redis, Script};

use self::batches::{Batches, Plan};
use self::gcra::{Gcra, Reply, Request, SMALLEST_BURST};
use self::key_state::Decision;
use self::settings::{LimiterSettings, OnUnavailable};
use super::{LimiterBackend, LocalLimiter, Verdict};
use crate::{LimiterOptions, register_limiter};

static GCRA: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gcra.lua")));

/// Counts the permits of all processes that share a redis server: the generic cell rate algorithm, in one script on the
/// server's clock.
///
/// A limit is known by its namespace and function, or by `?name=…` in place of the function, and each rate key has its
/// own. Who opens it with another quota counts by that one: let all say the same.
///
/// Settings in the URL, beside those of the connection:
///
/// - `name`: functions or programs with the same name, in one namespace, share one limit.
/// - `batch`: up to so many permits are taken at once and kept in hand, or `auto`. One round trip then serves many calls.
///   Batches follow the demand, have no more than half of the burst, and reach no more than 250 ms ahead; so it demands a
///   `rate_burst` of 4 or more, and one of twice the batch to make full use of it. At fewer than eight starts a second there
///   is nothing to gain, and permits are asked for one at a time.
/// - `on_unavailable`: what happens while redis is unreachable. `reject` (the default) rejects calls; `local` limits them in this process
///   alone, by the same quota, so that all processes together may exceed it meanwhile.
///
/// # What is guaranteed
///
/// The server gives out at most `burst + w / period` permits in any window of length w. Without batches, a call starts when
/// the answer arrives, or up to 2 ms later, when its permit is there; so its start may lie later than it was given by the
/// time of a message and of a timer, ε: then at most `burst + (w + ε) / period` calls start in a window. With batches, each permit is used within its own interval, and the
/// bound holds for the starts themselves, however long messages take.
///
/// A server that loses its memory (restarted empty, failed over) gives out one burst afresh, as after a pause, and so does
/// one whose clock is set forward. If its clock is set back, calls wait no longer than they would have. Batches assume that
/// the clocks of two machines run apart by less than 1 in 600 while a permit is kept, which is a second at most.
pub struct RedisLimiter {
    redis: Redis,
    /// Of all keys that this limiter writes.
    prefix: String,
    gcra: Gcra,
    batches: Option<Batches>,
    on_unavailable: Option<LocalLimiter>,
    origin: Instant,
}

impl RedisLimiter {
    /// A limiter at that location. Nothing is connected to yet.
    ///
    /// # Errors
    /// Where the URL makes no sense, the quota is not valid, or neither the options nor the URL name what is limited.
    pub fn new(location: &BackendUri, options: &LimiterOptions) -> Result<Self, ConfigError> {
        options.quota.validate()?;
        let mut address = Address::of(location, "rate_backend")?;
        let settings = LimiterSettings::take(address.query_params())?;
        let prefix = key_prefix(options, settings.name.as_deref())?;
        let gcra = Gcra::new(options.quota, settings.batch);
        if settings.batch > 1 && !gcra.has_batches() {
            return Err(no_room(options.quota.burst));
        }
        let on_unavailable = match settings.on_unavailable {
            OnUnavailable::Reject => None,
            OnUnavailable::Local => Some(LocalLimiter::new(options)?),
        };
        Ok(Self {
            redis: address.open()?,
            prefix,
            gcra,
            batches: (gcra.largest_batch > 1).then(|| Batches::new(gcra)),
            on_unavailable,
            origin: Instant::now(),
        })
    }

    /// Real time, whatever the pipeline's clock says: the server's time is real.
    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    async fn ask(&self, key: Option<Key>, request: Request) -> Result<Reply, BackendError> {
        let key = match key {
            None => format!("{}all", self.prefix),
            Some(key) => format!("{}{:032x}", self.prefix, key.as_u128()),
        };
        let arguments = request.arguments();
        let numbers: Vec<i64> = self.redis.script(&GCRA, &[&key], &arguments[..]).await?;
        Reply::from_script(&numbers)
            .ok_or_else(|| BackendError::new("its script returned what it never does"))
    }

    /// Asks for this call's permits alone.
    async fn single(&self, key: Option<Key>, cost: u32) -> Result<Verdict, BackendError> {
        let sent = self.now();
        let reply = self.ask(key, self.gcra.single(cost)).await?;
        let received = self.now();
        if let Some(batches) = &self.batches {
            batches.single(key, cost, &reply, sent, received);
        }
        if !reply.granted {
            // Counted from the sending: that is honest, and who asks again then is heard in time.
            let wait = reply.wait(self.gcra.reach(cost));
            let passed = Duration::from_nanos(received - sent);
            return Ok(Verdict::Wait(wait.saturating_sub(passed)));
        }
        let wait = reply.wait(self.gcra.ahead(cost));
        if !wait.is_zero() {
            real_sleep(wait).await;
        }
        Ok(Verdict::Admitted)
    }

    async fn in_batches(
        &self,
        batches: &Batches,
        key: Option<Key>,
        cost: u32,
    ) -> Result<Verdict, BackendError> {
        // Each fetch that comes to nothing makes the next one smaller, down to single permits.
        loop {
            match batches.plan(key, cost, self.now()) {
                Plan::Admitted => return Ok(Verdict::Admitted),
                Plan::Wait(nanos) => return Ok(Verdict::Wait(Duration::from_nanos(nanos))),
                Plan::Single => return self.single(key, cost).await,
                Plan::Follow(round) => {
                    if !batches.fetched(key, round, self.now()).await {
                        return self.single(key, cost).await;
                    }
                }
                Plan::Fetch(fetch) => {
                    let sent = self.now();
                    let reply = self.ask(key, self.gcra.batch(fetch.order)).await?;
                    fetch.answered(&reply, sent, self.now());
                }
            }
        }
    }
}

#[async_trait]
impl Backend for RedisLimiter {
    fn scheme(&self) -> &'static str {
        "redis"
    }

    async fn ping(&self) -> Result<(), BackendError> {
        Ok(self.redis.ping().await?)
    }
}

#[async_trait]
impl LimiterBackend for RedisLimiter {
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        let Some(batches) = &self.batches else {
            return Verdict::NeedsAsync;
        };
        match batches.look(key, cost.get(), self.now()) {
            Decision::Admitted => Verdict::Admitted,
            Decision::Wait(nanos) => Verdict::Wait(Duration::from_nanos(nanos)),
            Decision::Single | Decision::Fetch(_) => Verdict::NeedsAsync,
        }
    }

    async fn acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Result<Verdict, BackendError> {
        match &self.batches {
            None => self.single(key, cost.get()).await,
            Some(batches) => self.in_batches(batches, key, cost.get()).await,
        }
    }

    fn shared(&self) -> bool {
        true
    }

    fn on_unavailable(&self, key: Option<Key>, cost: NonZeroU32) -> Option<Verdict> {
        let local = self.on_unavailable.as_ref()?;
        Some(local.try_acquire(key, cost))
    }
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimiter")
            .field("redis", &self.redis)
            .field("prefix", &self.prefix)
            .field("gcra", &self.gcra)
            .finish_non_exhaustive()
    }
}

/// What all keys of the limit begin with. A name stands where no function has its own, so that none is taken for it.
fn key_prefix(options: &LimiterOptions, name: Option<&str>) -> Result<String, ConfigError> {
    let namespace = &options.namespace;
    match name {
        Some(name) => Ok(format!("{}rate:{}:", prefix(namespace, ""), escape(name))),
        None if options.function.is_empty() => Err(ConfigError::new(
            "rate_backend",
            "is shared with other processes, and the limit has no name there",
            "add `?name=…` to its URL, or name the function",
        )),
        None => Ok(format!("{}rate:", prefix(namespace, &options.function))),
    }
}

fn no_room(burst: NonZeroU32) -> ConfigError {
    ConfigError::new(
        "rate_burst",
        format!("= {burst} leaves no room for the batches that `batch` in `rate_backend` asks for"),
        format!("set it to {SMALLEST_BURST} or more, or leave `batch` out"),
    )
}

fn open(
    location: &BackendUri,
    options: &LimiterOptions,
) -> Result<Arc<dyn LimiterBackend>, ConfigError> {
    Ok(Arc::new(RedisLimiter::new(location, options)?))
}

register_limiter!("redis", open);
register_limiter!("rediss", open);
register_limiter!("valkey", open);
register_limiter!("valkeys", open);
register_limiter!("unix", open);
