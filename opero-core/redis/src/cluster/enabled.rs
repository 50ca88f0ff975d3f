use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ConnectionInfo, RedisResult, Value};

use crate::connection::Request;

/// A cluster, by one of its nodes.
pub(crate) struct Cluster(ClusterClient);

impl Cluster {
    pub(crate) const BUILT_IN: bool = true;

    pub(crate) fn at(node: ConnectionInfo, connect_timeout: Duration) -> RedisResult<Self> {
        // For the nodes that it connects to by itself. These are tokio's times, and those of opero's own runtime are real.
        let cluster = ClusterClient::builder([node]).connection_timeout(connect_timeout);
        Ok(Self(cluster.build()?))
    }

    /// On the runtime around this call.
    pub(crate) async fn connect(&self) -> RedisResult<Nodes> {
        Ok(Nodes(self.0.get_async_connection().await?))
    }
}

/// Connections to the nodes, made and replaced as they are needed.
#[derive(Clone)]
pub(crate) struct Nodes(ClusterConnection);

impl Nodes {
    pub(crate) async fn send(&mut self, request: Request<'_>) -> RedisResult<Value> {
        match request {
            Request::One(command) => self.command(command).await,
            Request::AtSlot(command, slot) => {
                let route = Route::new(slot, SlotAddr::Master);
                let node = RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(route));
                let answer = self.0.route_command(command.clone(), node);
                answer.await?.extract_error()
            }
            // The keys may be on different nodes, so they cannot go as one.
            Request::Several(commands) => {
                let mut answers = Vec::new();
                for command in commands.cmd_iter() {
                    answers.push(as_answer(self.command(command).await)?);
                }
                Ok(Value::Array(answers))
            }
        }
    }

    async fn command(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.0.req_packed_command(command).await?.extract_error()
    }
}

/// A server's error is the answer to one command; any other one concerns them all.
fn as_answer(answer: RedisResult<Value>) -> RedisResult<Value> {
    answer.or_else(|error| {
        let server = error.clone().into_server_errors();
        match server.as_deref() {
            Some([(_, server), ..]) => Ok(Value::ServerError(server.clone())),
            _ => Err(error),
        }
    })
}
