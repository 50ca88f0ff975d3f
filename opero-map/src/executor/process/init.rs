//! The first line of `main`, by which a process of this program becomes a worker.

use std::env;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use super::child;

/// `true` once [`init`] was called in this process.
static READY: AtomicBool = AtomicBool::new(false);

/// Lets this program run maps in worker processes. Call it first in `main`.
///
/// A worker is this program, started once more. In a worker this never returns: it runs items until
/// the pool shuts it down. In every other process it returns at once.
pub fn init() {
    READY.store(true, Ordering::Relaxed);
    if let Ok(token) = env::var(TOKEN)
        && is_for_this_process(&token)
    {
        child::work(&token);
    }
}

/// The environment variable that a worker is started with.
pub(super) const TOKEN: &str = "OPERO_WORKER";

/// Creates a token for the worker whose standard input is this end of the channel.
pub(super) fn token(channel: impl AsFd) -> io::Result<String> {
    let channel = socket(channel).ok_or_else(|| io::Error::other("the channel is no socket"))?;
    Ok(format!("{:032x}-{channel}", fastrand::u128(..)))
}

/// Returns `true` if the token is this process's. A worker's own children inherit its environment,
/// but not the channel.
fn is_for_this_process(token: &str) -> bool {
    let channel = token.split_once('-').map(|(_, channel)| channel);
    channel.is_some() && socket(io::stdin()).as_deref() == channel
}

/// Returns the socket's inode, the same in every process that has it.
fn socket(fd: impl AsFd) -> Option<String> {
    let stat = rustix::fs::fstat(fd).ok()?;
    let is_socket = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_socket();
    is_socket.then(|| stat.st_ino.to_string())
}

/// Returns `true` if this program can be started as a worker.
pub(super) fn is_ready() -> bool {
    READY.load(Ordering::Relaxed) || test_entry().is_some()
}

/// Returns the name of the test that enters the worker, for the test harness.
pub(super) fn test_entry() -> Option<&'static str> {
    let entry = opero_core::inventory::iter::<TestEntry>
        .into_iter()
        .next()?;
    let (_, test) = entry.path.split_once("::")?;
    Some(test)
}

/// The entry of a worker in a test binary, whose `main` is the harness's.
#[derive(Debug)]
pub struct TestEntry {
    /// The path of the test that enters the worker, its crate's name included.
    pub path: &'static str,
}

opero_core::inventory::collect!(TestEntry);

/// Lets the tests of this binary run maps in processes. Write it once in a test binary, in any
/// module.
///
/// It adds a test, `opero_worker`: a worker is the test binary started with that test alone.
/// Otherwise the test does nothing.
#[macro_export]
macro_rules! worker_tests {
    () => {
        #[cfg(test)]
        #[test]
        fn opero_worker() {
            $crate::process::init();
        }

        #[cfg(test)]
        $crate::__inventory::submit! {
            $crate::process::TestEntry {
                path: ::core::concat!(::core::module_path!(), "::opero_worker"),
            }
        }
    };
}
