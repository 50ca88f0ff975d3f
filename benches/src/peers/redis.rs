//! redis-rs as a user would hold it: one multiplexed connection with its defaults, its timeout of half a second among them.
//! The first argument is the key as it is, so nothing is spent on making one.

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Client, RedisResult, Script};

use crate::workload::{Args, TTL, Trouble, profile};

#[derive(Clone)]
pub(crate) struct Redis(MultiplexedConnection);

impl Redis {
    /// Connects on the runtime around this call.
    pub(crate) async fn connect(url: &str) -> RedisResult<Self> {
        let client = Client::open(url)?;
        client.get_multiplexed_async_connection().await.map(Self)
    }

    pub(crate) async fn put(&self, (name, length): &Args) -> Result<String, Trouble> {
        let value = profile(name, *length);
        let bytes = postcard::to_allocvec(&value)?;
        let mut connection = self.0.clone();
        let () = connection.set_ex(name, bytes, TTL.as_secs()).await?;
        Ok(value)
    }

    pub(crate) async fn get(&self, (name, _): &Args) -> Result<String, Trouble> {
        let mut connection = self.0.clone();
        let bytes: Option<Vec<u8>> = connection.get(name).await?;
        let bytes = bytes.ok_or_else(|| Trouble::new("a miss"))?;
        Ok(postcard::from_bytes(&bytes)?)
    }
}

/// The generic cell rate algorithm as it is written everywhere, in microseconds of the server's clock.
const GCRA: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local period, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
local next = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
if next - now > slack then
    return next - now - slack
end
next = next + period
redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil((next - now + 1000) / 1000))
return 0
";

/// A script for each decision.
#[derive(Clone)]
pub(crate) struct Limiter {
    connection: MultiplexedConnection,
    script: Script,
}

impl Limiter {
    /// Connects on the runtime around this call.
    pub(crate) async fn connect(url: &str) -> RedisResult<Self> {
        let Redis(connection) = Redis::connect(url).await?;
        let script = Script::new(GCRA);
        Ok(Self { connection, script })
    }

    /// Ten million a second, and as many at once.
    pub(crate) async fn decide(&self) -> Result<(), Trouble> {
        let mut connection = self.connection.clone();
        let mut script = self.script.key("bare:limit");
        let wait: u64 = script
            .arg("0.1")
            .arg(1_000_000)
            .invoke_async(&mut connection)
            .await?;
        match wait {
            0 => Ok(()),
            _ => Err(Trouble::new("a limit that was never to be hit")),
        }
    }
}
