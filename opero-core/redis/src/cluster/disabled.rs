use std::time::Duration;

use redis::{ConnectionInfo, RedisResult, Value};

use crate::connection::Request;

/// There is none.
pub(crate) enum Cluster {}

impl Cluster {
    pub(crate) const BUILT_IN: bool = false;

    pub(crate) fn at(_: ConnectionInfo, _: Duration) -> RedisResult<Self> {
        Err((
            redis::ErrorKind::InvalidClientConfig,
            "clusters are not built in",
        )
            .into())
    }

    pub(crate) async fn connect(&self) -> RedisResult<Nodes> {
        match *self {}
    }
}

/// There are none.
#[derive(Clone)]
pub(crate) enum Nodes {}

impl Nodes {
    pub(crate) async fn send(&mut self, _: Request<'_>) -> RedisResult<Value> {
        match *self {}
    }
}
