//! One connection, and what is sent over it.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisResult, Value};

/// A request, to be sent again should the connection turn out to be an old one.
#[derive(Clone, Copy)]
pub(crate) enum Request<'a> {
    One(&'a Cmd),
    Several(&'a Pipeline),
}

#[derive(Clone)]
pub(crate) struct Connection(MultiplexedConnection);

impl Connection {
    /// Connects on the runtime around this call, which then carries the connection.
    pub(crate) async fn open(client: &Client) -> RedisResult<Self> {
        // The time is kept by this crate: redis-rs would use tokio's, which may be paused or not enabled.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Ok(Self(connection.await?))
    }

    /// Several commands are answered by an array of their answers, errors among them.
    pub(crate) async fn send(&mut self, request: Request<'_>) -> RedisResult<Value> {
        match request {
            Request::One(command) => self.0.send_packed_command(command).await?.extract_error(),
            Request::Several(commands) => {
                let count = commands.cmd_iter().count();
                let answers = self.0.send_packed_commands(commands, 0, count).await?;
                Ok(Value::Array(answers))
            }
        }
    }
}
