//! What a database has to do underneath.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use super::change::{Change, Totals};
use super::id::{Id, KeyspaceId};

/// A database of records under ids. One thread writes, many read.
pub(crate) trait Engine: fmt::Debug + Sized + Send + Sync + 'static {
    /// The scheme of its URLs.
    const SCHEME: &'static str;
    /// Its file or directory inside the user's.
    const NAME: &'static str;
    /// So many changes are applied at once, at most: where applying keeps readers waiting.
    const CHUNK: usize;
    /// Whether it still reads after a failed write.
    const READS_ON: bool;

    /// A stored value, borrowed from its pages.
    type Value: AsRef<[u8]>;

    /// Opens or creates it, alone: a second opener gets [`Fault::Busy`].
    fn open(path: &Path, tuning: &Tuning) -> Result<Self, Fault>;

    /// What is stored under `id`.
    fn get(&self, id: &Id) -> Result<Option<Self::Value>, Fault>;

    /// Shows what is stored from `from` on, in order, until `visit` has had enough.
    fn scan(&self, from: &Id, visit: &mut dyn FnMut(&Id, &[u8]) -> Scan) -> Result<(), Fault>;

    /// The totals of every keyspace.
    fn totals(&self) -> Result<Vec<(KeyspaceId, Totals)>, Fault>;

    /// Applies changes of distinct ids, and with them the totals they make: all or nothing.
    fn apply(&self, changes: &[Change], totals: &[(KeyspaceId, Totals)]) -> Result<(), Fault>;

    /// What was applied is on the disk when this returns.
    fn flush(&self) -> Result<(), Fault>;
}

/// What a visitor wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    More,
    Enough,
}

/// How an engine is to work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    /// Time between flushes.
    pub(crate) flush: Duration,
    /// Bytes of pages kept in memory.
    pub(crate) memory: u64,
}

/// Why an engine did not do it. The texts hold no key and no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Another process has it open.
    Busy,
    /// What is on the disk cannot be read.
    Damaged(String),
    /// The operating system refused.
    Failed(String),
    /// There is too little room on the disk to try.
    Full,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str(
                "it is in use by another process: give each process its own directory, or share a `redis`",
            ),
            Self::Damaged(what) => write!(f, "it is damaged: {what}"),
            Self::Failed(what) => f.write_str(what),
            Self::Full => f.write_str("there is no room on the disk"),
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Asks an engine, and takes a panic for damage: both were seen to panic on files whose bytes were garbled, and what they
/// keep is checked when it is read.
#[inline]
pub(super) fn guarded<T>(ask: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// sled also panics where the operating system gives it no thread, no memory or no file: that says nothing about the database.
/// The text itself may quote what is stored, so it is not shown.
#[cold]
fn panicked(panic: &(dyn Any + Send)) -> Fault {
    const REFUSED: [&str; 3] = ["Os { code: ", "(os error ", "failed to allocate"];
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    match text {
        Some(text) if REFUSED.iter().any(|refused| text.contains(refused)) => Fault::Failed(
            "the operating system refused the database a thread, memory or a file".to_owned(),
        ),
        _ => Fault::Damaged("the database gave up reading it".to_owned()),
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use std::io;

    use super::*;

    fn is_damage(panics: fn()) -> bool {
        let fault = guarded(|| {
            panics();
            Ok(())
        });
        matches!(fault, Err(Fault::Damaged(_)))
    }

    #[test]
    fn a_panic_for_want_of_something_is_no_damage() {
        // As an unwrapped error prints.
        let no_thread = || panic!("{:?}", io::Error::from_raw_os_error(11));
        let no_file = || panic!("open file at x: {}", io::Error::from_raw_os_error(24));
        let no_memory = || panic!("failed to allocate critical IO buffer");
        let damage = || panic!("index out of bounds");
        let panics: [fn(); 4] = [no_thread, no_file, no_memory, damage];
        assert_eq!(panics.map(is_damage), [false, false, false, true]);
    }
}
