//! One connection, and what is sent over it.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Arg, AsyncConnectionConfig, Cmd, ConnectionInfo, Pipeline, RedisResult, Value};

use crate::cluster::{Cluster, Nodes};

/// A request, to be sent again should the connection turn out to be an old one.
#[derive(Clone, Copy)]
pub(crate) enum Request<'a> {
    One(&'a Cmd),
    Several(&'a Pipeline),
    /// On a cluster, to the node that has this slot.
    AtSlot(
        &'a Cmd,
        #[cfg_attr(
            not(feature = "cluster"),
            expect(dead_code, reason = "only clusters read it")
        )]
        u16,
    ),
}

/// What goes over a slow line in a second, in bytes.
const LINE: u64 = 10_000_000;

impl Request<'_> {
    /// Returns `true` if a replica does it, too.
    pub(crate) fn only_reads(&self) -> bool {
        let reads = |command: &Cmd| {
            let name = command.args_iter().next();
            matches!(name, Some(Arg::Simple(b"GET" | b"SCAN" | b"PING")))
        };
        match self {
            Self::One(command) | Self::AtSlot(command, _) => reads(command),
            Self::Several(commands) => commands.cmd_iter().all(reads),
        }
    }

    /// How long its way takes on a slow line.
    pub(crate) fn way(&self) -> Duration {
        let bytes: usize = match self {
            Self::One(command) | Self::AtSlot(command, _) => size(command),
            Self::Several(commands) => commands.cmd_iter().map(size).sum(),
        };
        let nanos = (bytes as u64).saturating_mul(1_000_000_000 / LINE);
        Duration::from_nanos(nanos)
    }
}

fn size(command: &Cmd) -> usize {
    let sizes = command.args_iter().map(|argument| match argument {
        Arg::Simple(bytes) => bytes.len(),
        _ => 0,
    });
    sizes.sum()
}

/// What connections are made to.
#[derive(Clone)]
pub(crate) enum Client {
    One(Arc<redis::Client>),
    Cluster(Arc<Cluster>),
}

impl Client {
    pub(crate) fn new(
        info: ConnectionInfo,
        cluster: bool,
        connect_timeout: Duration,
    ) -> RedisResult<Self> {
        Ok(match cluster {
            true => Self::Cluster(Arc::new(Cluster::at(info, connect_timeout)?)),
            false => Self::One(Arc::new(redis::Client::open(info)?)),
        })
    }

    /// Connects on the runtime around this call, which then carries the connection.
    pub(crate) async fn connect(&self) -> RedisResult<Connection> {
        // The time is kept by this crate: redis-rs would use tokio's, which may be paused or not enabled.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        Ok(match self {
            Self::One(client) => {
                let one = client.get_multiplexed_async_connection_with_config(&config);
                Connection::One(one.await?)
            }
            Self::Cluster(cluster) => Connection::Cluster(cluster.connect().await?),
        })
    }
}

#[derive(Clone)]
pub(crate) enum Connection {
    One(MultiplexedConnection),
    Cluster(Nodes),
}

impl Connection {
    /// Several commands are answered by an array of their answers, errors among them.
    pub(crate) async fn send(&mut self, request: Request<'_>) -> RedisResult<Value> {
        let one = match self {
            Self::One(one) => one,
            // Boxed: the calls of the others should not carry room for it.
            Self::Cluster(nodes) => return Box::pin(nodes.send(request)).await,
        };
        match request {
            Request::One(command) | Request::AtSlot(command, _) => {
                one.send_packed_command(command).await?.extract_error()
            }
            Request::Several(commands) => {
                let answers = one.send_packed_commands(commands, 0, commands.len());
                Ok(Value::Array(answers.await?))
            }
        }
    }
}
