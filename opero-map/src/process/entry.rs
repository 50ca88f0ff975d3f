//! How a fresh process of this program becomes a worker: one line, before anything else is done.

use std::env;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use super::worker;

/// Was the line met in this process?
static READY: AtomicBool = AtomicBool::new(false);

/// Lets this program run maps in processes of its own. It is the first thing in `main`.
///
/// Workers are the same program, started afresh. In such a process this does not return: it runs items until it is not needed
/// any more. In every other process it notes that the line is there, and returns at once.
pub fn init() {
    READY.store(true, Ordering::Relaxed);
    if let Ok(token) = env::var(TOKEN)
        && is_meant(&token)
    {
        worker::work(&token);
    }
}

/// The environment variable that a worker is started with.
pub(super) const TOKEN: &str = "OPERO_WORKER";

/// A token for the worker that is started with this end of the channel as its standard input: nobody else's.
pub(super) fn token(channel: impl AsFd) -> io::Result<String> {
    let channel = socket(channel).ok_or_else(|| io::Error::other("the channel is no socket"))?;
    Ok(format!("{:032x}-{channel}", fastrand::u128(..)))
}

/// Is this process the one? A worker's own children inherit its environment, but not the channel.
fn is_meant(token: &str) -> bool {
    let channel = token.split_once('-').map(|(_, channel)| channel);
    channel.is_some() && socket(io::stdin()).as_deref() == channel
}

/// The socket's number, the same in every process that has it.
fn socket(fd: impl AsFd) -> Option<String> {
    let stat = rustix::fs::fstat(fd).ok()?;
    let is_socket = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_socket();
    is_socket.then(|| stat.st_ino.to_string())
}

/// Can this program be started as a worker?
pub(super) fn is_ready() -> bool {
    READY.load(Ordering::Relaxed) || test_entry().is_some()
}

/// The test that enters the worker, by the name that the test harness knows.
pub(super) fn test_entry() -> Option<&'static str> {
    let entry = opero_core::inventory::iter::<TestEntry>
        .into_iter()
        .next()?;
    let (_, test) = entry.path.split_once("::")?;
    Some(test)
}

/// The same for a test binary, whose `main` is not the user's.
#[derive(Debug)]
pub struct TestEntry {
    /// The path of the test that enters the worker, its crate's name included.
    pub path: &'static str,
}

opero_core::inventory::collect!(TestEntry);

/// Lets the tests of this binary run maps in processes. It stands once in a test binary, in any module.
///
/// It is a test of its own, `opero_worker`: a worker is the test binary started afresh with just that test. Otherwise the test
/// does nothing.
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
