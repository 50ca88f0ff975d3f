//! What callers ask of redis.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{BackendUri, ConfigError};
use redis::{Cmd, FromRedisValue, Pipeline, ToRedisArgs, Value};

use crate::address::Address;
use crate::error::{Error, Problem};
use crate::scan::Scan;
use crate::script::Script;
use crate::server::{Request, Server};

/// A redis server, or one that speaks like it. Cloned and opened again, it is the same connection.
///
/// Every call is bounded in time, on real time whatever the runtime's is, and may be dropped at any point; what was sent by
/// then may still be done. A server that cannot be reached is left alone for half a second, then up to ten: calls meanwhile
/// are rejected at once, and one call at a time finds out whether it is back. Where the server is a replica (`READONLY`), only
/// requests that write are rejected so; lookups are answered. A connection that the server closed while it was
/// idle is replaced within the call, which then sends its request once more.
#[derive(Clone)]
pub struct Redis {
    server: Arc<Server>,
    timeout: Duration,
}

impl Redis {
    /// The server that `uri` means; see [`Address`], which this opens where the caller has no settings of its own.
    ///
    /// # Errors
    /// Where the URL or one of its settings makes no sense.
    pub fn open(uri: &BackendUri, parameter: &'static str) -> Result<Self, ConfigError> {
        Address::of(uri, parameter)?.open()
    }

    pub(crate) const fn new(server: Arc<Server>, timeout: Duration) -> Self {
        Self { server, timeout }
    }

    /// One command and its answer.
    ///
    /// # Errors
    /// Where the server is away, or answers with an error or something else than a `T`.
    pub async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Error> {
        let value = self.ask(Request::One(command)).await?;
        self.read(value)
    }

    /// Several commands in one round trip, and each one's answer. On a cluster they are sent one after the other.
    ///
    /// # Errors
    /// Where the server is away. What it answered to a single command is that command's error.
    pub async fn pipeline(&self, pipeline: &Pipeline) -> Result<Vec<Result<Value, Error>>, Error> {
        let value = self.ask(Request::Several(pipeline)).await?;
        let Value::Array(values) = value else {
            return Err(self.error(Problem::Shape));
        };
        let each = values.into_iter().map(|value| {
            let value = value.extract_error();
            value.map_err(|error| self.error(Problem::of(&error)))
        });
        Ok(each.collect())
    }

    /// Runs a script in one round trip; the first time on a server, and after that one forgot it, in two.
    ///
    /// # Errors
    /// As for a [`command`](Self::command).
    pub async fn script<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: impl ToRedisArgs,
    ) -> Result<T, Error> {
        let known = script.by_hash(keys, &arguments);
        match self.ask(Request::One(&known)).await {
            Err(error) if error.code() == Some("NOSCRIPT") => {
                self.command(&script.in_full(keys, &arguments)).await
            }
            value => self.read(value?),
        }
    }

    /// The keys that match a glob pattern, batch by batch, without holding the server up as `KEYS` does. A key that is
    /// there all the while is among them, perhaps twice.
    pub fn scan(&self, pattern: impl Into<String>) -> Scan {
        Scan::new(self.clone(), pattern.into())
    }

    /// Checks that it is reachable.
    ///
    /// # Errors
    /// Where it is not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.command::<Value>(&redis::cmd("PING")).await.map(drop)
    }

    /// An answer as a `T`.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn read<T: FromRedisValue>(&self, value: Value) -> Result<T, Error> {
        // The error would quote the answer.
        redis::from_redis_value(value).map_err(|_| self.error(Problem::Shape))
    }

    /// On a cluster, asks the node that has this slot.
    pub(crate) async fn command_at<T: FromRedisValue>(
        &self,
        command: &Cmd,
        slot: u16,
    ) -> Result<T, Error> {
        let value = self.ask(Request::AtSlot(command, slot)).await?;
        self.read(value)
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.server.is_cluster()
    }

    async fn ask(&self, request: Request<'_>) -> Result<Value, Error> {
        let answer = self.server.ask(request, self.timeout).await;
        answer.map_err(|problem| self.error(problem))
    }

    fn error(&self, problem: Problem) -> Error {
        Error::new(self.server.place(), problem)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({})", self.server.place())
    }
}
