//! `redis`: one server for many processes and machines.

mod lease;
mod names;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opero_core::{Backend, BackendError, BackendUri, ConfigError, Key};
use opero_redis::redis::{Cmd, Pipeline, Value};
use opero_redis::{Address, Error, Redis};

use self::lease::Held;
use self::names::Names;
use super::{ByteStore, Claim, Lease};
use crate::config::CacheOptions;

/// How long a lease outlives a holder that was killed.
const LEASE: Duration = Duration::from_secs(10);

/// Below this, a holder on a busy machine might be late to renew.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// Further ahead than any record is kept; redis rejects times that overflow its clock.
const LONGEST_KEEP: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The `redis` backend: records under `opero:{namespace}:{function}:{digest}`, dropped by the server when their time is over.
///
/// Its URL is the one of [`opero_redis::Address`], with the further setting `lease`: how long the right to execute a call
/// outlives a process that was killed with it (10 s). A record is what redis calls a string; anything else under its key
/// is replaced.
///
/// [`entries`](ByteStore::entries) is 0: to count would take a walk over all keys of the server.
#[derive(Debug)]
pub struct RedisCache {
    redis: Redis,
    names: Names,
    lease: Duration,
}

impl RedisCache {
    /// The store at `uri`, for the function that the options name. It connects at the first call.
    ///
    /// # Errors
    /// Where the URL or one of its settings makes no sense.
    pub fn open(uri: &BackendUri, options: &CacheOptions) -> Result<Self, ConfigError> {
        const PARAMETER: &str = "cache_backend";
        let mut address = Address::of(uri, PARAMETER)?;
        let lease = address.query_params().take_time("lease")?.unwrap_or(LEASE);
        if lease < SHORTEST_LEASE {
            let problem = "has a setting `lease` that is too short";
            let way_out = "give it at least `100ms`";
            return Err(ConfigError::new(PARAMETER, problem, way_out));
        }
        Ok(Self {
            redis: address.open()?,
            names: Names::new(&options.namespace, &options.function),
            lease,
        })
    }

    /// Drops the keys that match `pattern` and of which `is_record` holds.
    async fn drop_all(
        &self,
        pattern: String,
        is_record: impl Fn(&[u8]) -> bool + Send + Sync,
    ) -> Result<(), BackendError> {
        let mut scan = self.redis.scan(pattern);
        while let Some(mut keys) = scan.next().await? {
            keys.retain(|key| is_record(key));
            if !keys.is_empty() {
                self.redis
                    .command::<Value>(&command("UNLINK", keys))
                    .await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Backend for RedisCache {
    fn scheme(&self) -> &'static str {
        "redis"
    }

    async fn ping(&self) -> Result<(), BackendError> {
        Ok(self.redis.ping().await?)
    }
}

#[async_trait]
impl ByteStore for RedisCache {
    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, BackendError> {
        let value = self.redis.command(&get(self.names.record(key))).await;
        Ok(record(value)?)
    }

    async fn put(
        &self,
        key: &Key,
        record: Vec<u8>,
        keep: Option<Duration>,
    ) -> Result<(), BackendError> {
        let mut set = command("SET", self.names.record(key));
        set.arg(record);
        if let Some(keep) = keep.filter(|keep| *keep < LONGEST_KEEP) {
            // Redis does not keep something for no time.
            set.arg("PX").arg(millis(keep).max(1));
        }
        Ok(self.redis.command::<Value>(&set).await.map(drop)?)
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        let remove = command("DEL", self.names.record(key));
        Ok(self.redis.command::<Value>(&remove).await.map(drop)?)
    }

    async fn clear(&self) -> Result<(), BackendError> {
        let names = &self.names;
        self.drop_all(names.records(), |key| names.is_record(key))
            .await
    }

    async fn clear_namespace(&self) -> Result<(), BackendError> {
        let names = &self.names;
        self.drop_all(names.records_of_namespace(), |key| {
            names.is_record_of_namespace(key)
        })
        .await
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn bounds_itself(&self) -> bool {
        true
    }

    async fn claim(&self, key: &Key) -> Result<Claim, BackendError> {
        let name = self.names.lease(key);
        // Made beforehand: should this future be dropped on its way, what it may have got is given up.
        let mut held = Held::new(self.redis.clone(), name.clone(), self.lease);
        let mut pipeline = Pipeline::with_capacity(3);
        let mut set = command("SET", &name);
        set.arg(held.token())
            .arg("NX")
            .arg("PX")
            .arg(millis(self.lease));
        pipeline.add_command(set);
        pipeline.add_command(get(&name));
        pipeline.add_command(get(self.names.record(key)));
        let answers = match self.redis.pipeline(&pipeline).await {
            Ok(answers) => answers,
            Err(error) => {
                if !error.is_uncertain() {
                    held.forget();
                }
                return Err(error.into());
            }
        };
        let Ok([set, holder, value]) = <[_; 3]>::try_from(answers) else {
            return Err(BackendError::new(
                "redis gave more or fewer answers than asked for",
            ));
        };
        let record = record(value)?;
        let holder = match holder {
            Ok(holder) => self.redis.read::<Option<Vec<u8>>>(holder)?,
            // Something else is under the lease's key: no caller can hold it, and none waits for it.
            Err(error) if is_other_type(&error) => {
                held.forget();
                return Ok(Claim::Unshared);
            }
            Err(error) => return Err(error.into()),
        };
        let set = set?;
        // Sent twice over a connection that broke, the second finds the first one's.
        if set == Value::Okay || holder.as_deref() == Some(held.token().as_bytes()) {
            held.keep()?;
            let lease: Box<dyn Lease> = Box::new(held);
            return Ok(Claim::Acquired { lease, record });
        }
        held.forget();
        let holder = lease::number(holder.as_deref().unwrap_or_default());
        Ok(Claim::Held { holder, record })
    }
}

fn command(name: &str, argument: impl opero_redis::redis::ToRedisArgs) -> Cmd {
    // Room for a name and a key, so that a lookup allocates once.
    let mut command = Cmd::with_capacity(4, 160);
    command.arg(name).arg(argument);
    command
}

fn get(key: impl opero_redis::redis::ToRedisArgs) -> Cmd {
    command("GET", key)
}

/// What was read under a record's key. What is no string is a record that cannot be opened: a miss, to be replaced.
fn record(value: Result<Value, Error>) -> Result<Option<Vec<u8>>, Error> {
    match value {
        Ok(Value::BulkString(record)) => Ok(Some(record)),
        Ok(Value::Nil) => Ok(None),
        Ok(_) => Ok(Some(Vec::new())),
        Err(error) if is_other_type(&error) => Ok(Some(Vec::new())),
        Err(error) => Err(error),
    }
}

fn is_other_type(error: &Error) -> bool {
    error.code() == Some("WRONGTYPE")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn open(uri: &BackendUri, options: &CacheOptions) -> Result<Arc<dyn ByteStore>, ConfigError> {
    Ok(Arc::new(RedisCache::open(uri, options)?))
}

crate::register_store!("redis", open);
crate::register_store!("rediss", open);
crate::register_store!("valkey", open);
crate::register_store!("valkeys", open);
crate::register_store!("unix", open);
