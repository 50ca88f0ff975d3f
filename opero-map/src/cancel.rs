use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Weak};

use opero_core::sync::lock;

use crate::engine::{StopLevel, StopSignal};

/// Stops runs from outside: from another thread, a handler of a signal, or the function itself.
///
/// Its clones are the same handle. It serves any number of runs, those that begin after it was used
/// included: they take no item. What it does to a run does not depend on how the run was begun. The
/// results stay at the places of their items: one that was begun and not finished is
/// [`RejectedKind::Stopped`](crate::RejectedKind::Stopped), and so is, in order, one that was not
/// begun before others that were. Only the tail of the input is missing.
///
/// ```
/// use opero_map::{Cancel, map};
///
/// let cancel = Cancel::new();
/// let find = |n: u64| {
///     if n == 1_000 {
///         cancel.stop();
///     }
///     Ok::<_, ()>(n)
/// };
/// # #[cfg(feature = "thread")] {
/// let results = map(0.., find).workers(2).cancel_on(&cancel).run(); // An input without an end.
/// assert!(results.iter().flatten().any(|&n| n == 1_000));
/// assert!(map(0.., find).cancel_on(&cancel).run().is_empty());
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Cancel(Arc<Handle>);

#[derive(Default)]
struct Handle {
    level: AtomicU8,
    /// The runs that have begun and not ended; and, until another one begins, some that have.
    runs: Mutex<Vec<Weak<StopSignal>>>,
}

impl Cancel {
    /// Creates a handle.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the runs: they take no further item, finish what runs, retries included, and return
    /// the results.
    ///
    /// An input that blocks its thread (an iterator over a channel, say) is not interrupted: what
    /// it gives next is run.
    pub fn stop(&self) {
        self.raise(StopLevel::Stop);
    }

    /// Ends the runs now; they return the results so far.
    ///
    /// Async items are dropped at their next await. Worker processes are killed. Their items are
    /// [`RejectedKind::Stopped`](crate::RejectedKind::Stopped). Synchronous items on threads end by
    /// themselves, since nothing can stop a thread, and their results are among those returned.
    pub fn now(&self) {
        self.raise(StopLevel::Now);
    }

    /// Returns `true` if it was used.
    pub fn is_stopping(&self) -> bool {
        self.level() > StopLevel::Go as u8
    }

    fn level(&self) -> u8 {
        self.0.level.load(Ordering::Acquire)
    }

    fn raise(&self, level: StopLevel) {
        self.0.level.fetch_max(level as u8, Ordering::AcqRel);
        // Outside of the lock: what is woken may use this handle.
        let runs: Vec<_> = lock(&self.0.runs)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for run in runs {
            run.raise(level);
        }
    }

    /// Registers a run with this handle, and stops it at once if the handle was used already.
    pub(crate) fn register(&self, run: &Arc<StopSignal>) {
        let mut runs = lock(&self.0.runs);
        runs.retain(|run| run.strong_count() > 0);
        runs.push(Arc::downgrade(run));
        drop(runs);
        // A handle raises its level before it looks for runs: either it finds this run, or this
        // finds the level.
        for level in [StopLevel::Stop, StopLevel::Now] {
            if self.level() >= level as u8 {
                run.raise(level);
            }
        }
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel")
            .field("is_stopping", &self.is_stopping())
            .finish_non_exhaustive()
    }
}
