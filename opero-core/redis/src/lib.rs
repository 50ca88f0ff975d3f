#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod client;
mod cluster;
mod connection;
mod error;
mod health;
pub mod key;
mod link;
mod runtime;
mod scan;
mod script;
mod server;
mod timeout;
mod tls;

use std::io;

use tokio::task::AbortHandle;

pub use address::Address;
pub use client::Redis;
pub use error::Error;
pub use scan::Scan;
pub use script::Script;

/// Runs `job` on opero's own thread, which goes on while its caller blocks or is gone: for what has to happen beside a
/// call, such as keeping a lease.
///
/// # Errors
/// Where the operating system gives no thread.
pub fn spawn(job: impl Future<Output = ()> + Send + 'static) -> io::Result<AbortHandle> {
    Ok(runtime::own()?.spawn(job).abort_handle())
}

/// Runs `job` where this thread's calls run: what it asks goes over the same connection, behind what they asked. It ends
/// with its runtime.
///
/// # Errors
/// Where the operating system gives no thread.
pub fn spawn_behind(job: impl Future<Output = ()> + Send + 'static) -> io::Result<AbortHandle> {
    Ok(runtime::for_caller()?.spawn(job).abort_handle())
}

/// The client underneath, for its commands and values.
pub use redis;
