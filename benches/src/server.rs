//! The redis server of the rows that need one: the first of them starts it, and it is gone at the end of the run.

use std::io;
use std::sync::{Mutex, PoisonError};

use opero_test_servers::RedisServer;

static SERVER: Mutex<Option<RedisServer>> = Mutex::new(None);

/// The URL of this run's server, which is started where it does not run yet.
///
/// # Errors
/// Where `redis-server` is not installed, or does not start.
pub(crate) fn url() -> io::Result<String> {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let server = match &mut *server {
        Some(server) => server,
        none => none.insert(RedisServer::start()?),
    };
    Ok(server.url())
}

/// The same in an attribute: its row has asked before, and has not come this far where there is no server.
pub(crate) fn known() -> String {
    url().unwrap_or_default()
}

/// Stops the server, if one was started.
pub(crate) fn stop() {
    *SERVER.lock().unwrap_or_else(PoisonError::into_inner) = None;
}
