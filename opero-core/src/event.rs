use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::{Attempt, EventCounts, RejectedKind};

/// What a stage did. No event carries an argument, a value, a key in the clear, or the password of a URL.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The result came out of the cache.
    CacheHit,
    /// The result came from a concurrent call with the same key.
    CacheCoalesced,
    /// A concurrent call with the same key is alive, and nothing polls it. The call that waited for it now executes itself; or,
    /// where other processes wait, that one's lease is released, and the first of them executes.
    CacheLeaderIdle,
    /// The cache did not have the result.
    CacheMiss,
    /// The result was put into the cache.
    CacheStored,
    /// The result came out of the cache past its time to live, while it is being refreshed.
    CacheStale,
    /// What the cache's backend had for this call could not be read: damaged, of another format, or of another type. The
    /// call goes on as after a miss, and what it brings takes its place.
    CacheRejected {
        /// The backend's scheme.
        backend: &'a str,
        /// What was wrong with it, without the value.
        reason: &'a str,
    },
    /// The cache's backend did not answer; the call goes on without it.
    CacheUnavailable {
        /// The backend's scheme.
        backend: &'a str,
        /// What went wrong, without secrets.
        reason: &'a str,
    },
    /// The function is about to be executed.
    ExecutionStarted {
        /// Which try it is.
        attempt: Attempt,
    },
    /// The function returned.
    ExecutionEnded {
        /// Which try it was.
        attempt: Attempt,
        /// How long it ran.
        elapsed: Duration,
        /// It returned a value.
        ok: bool,
    },
    /// A worker process executed the function, or was lost over it. It comes between the start and the end of the execution.
    ExecutedBy {
        /// Which worker, from 0.
        worker: usize,
        /// How long the call waited for a worker.
        waited: Duration,
        /// How long it was with the worker.
        elapsed: Duration,
    },
    /// Decorated functions within a call that a worker process executed did something, which is told to the observers of that
    /// process one by one, and here in sum.
    CountedByWorker {
        /// What they did.
        counts: &'a EventCounts,
    },
    /// A worker process started, or took another one's place.
    WorkerStarted {
        /// Which worker, from 0.
        worker: usize,
        /// Its process id.
        pid: u32,
    },
    /// A worker process is gone without having been told to.
    WorkerLost {
        /// Which worker, from 0.
        worker: usize,
        /// The signal that killed it.
        signal: Option<i32>,
        /// The code it exited with.
        code: Option<i32>,
    },
    /// An attempt failed, and another one follows after `delay`.
    RetryScheduled {
        /// The attempt that failed.
        attempt: Attempt,
        /// How long the next one waits.
        delay: Duration,
    },
    /// A fallback value failed, and the next one follows.
    FallbackUsed {
        /// The try that comes now.
        attempt: Attempt,
    },
    /// No further attempt is made.
    GaveUp {
        /// The last attempt.
        attempt: Attempt,
    },
    /// The call had to wait for a permit, and has it now.
    PermitWaited {
        /// How long it waited.
        waited: Duration,
    },
    /// The limiter's backend did not answer.
    LimiterUnavailable {
        /// The backend's scheme.
        backend: &'a str,
        /// What went wrong, without secrets.
        reason: &'a str,
    },
    /// The result of an item could not be recorded in the run's journal. The run goes on, and a later one does the item
    /// again.
    JournalUnavailable {
        /// What went wrong, without the item or its result.
        reason: &'a str,
    },
    /// A stage rejected the call.
    Rejected {
        /// Why.
        kind: &'a RejectedKind,
    },
}

impl Event<'_> {
    /// The event's name, for metrics and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CacheHit => "cache_hit",
            Self::CacheCoalesced => "cache_coalesced",
            Self::CacheLeaderIdle => "cache_leader_idle",
            Self::CacheMiss => "cache_miss",
            Self::CacheStored => "cache_stored",
            Self::CacheStale => "cache_stale",
            Self::CacheRejected { .. } => "cache_rejected",
            Self::CacheUnavailable { .. } => "cache_unavailable",
            Self::ExecutionStarted { .. } => "execution_started",
            Self::ExecutionEnded { .. } => "execution_ended",
            Self::ExecutedBy { .. } => "executed_by",
            Self::CountedByWorker { .. } => "counted_by_worker",
            Self::WorkerStarted { .. } => "worker_started",
            Self::WorkerLost { .. } => "worker_lost",
            Self::RetryScheduled { .. } => "retry_scheduled",
            Self::FallbackUsed { .. } => "fallback_used",
            Self::GaveUp { .. } => "gave_up",
            Self::PermitWaited { .. } => "permit_waited",
            Self::LimiterUnavailable { .. } => "limiter_unavailable",
            Self::JournalUnavailable { .. } => "journal_unavailable",
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// Watches what the stages do: logs, metrics, statistics and progress are observers.
///
/// It is called on the call's own path, so it should be quick, and it must not call the watched function. If it panics, the call
/// goes on.
pub trait Observer: Send + Sync {
    /// `function` did, or underwent, `event`. That is the path of a decorated function (`shop::price`, `shop::Shop::price`), as in
    /// backends' keys, reports and records; else the name that a pipeline, run or limiter was given.
    fn on_event(&self, function: &str, event: &Event<'_>);
}

impl<F: Fn(&str, &Event<'_>) + Send + Sync> Observer for F {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        self(function, event);
    }
}

/// How many reasons there are to look for observers: global ones, and those of threads.
static WATCHERS: AtomicUsize = AtomicUsize::new(0);
static OBSERVERS: RwLock<Vec<Arc<dyn Observer>>> = RwLock::new(Vec::new());
static OBSERVED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static OF_THREAD: RefCell<Option<Arc<dyn Observer>>> = const { RefCell::new(None) };
}

/// Adds an observer of every call in this process, for good.
///
/// A closure has to write the types of its parameters: any type can be an observer, so none is inferred.
///
/// ```
/// opero_core::observe(|function: &str, event: &opero_core::Event<'_>| {
///     eprintln!("{function}: {}", event.name());
/// });
/// ```
pub fn observe(observer: impl Observer + 'static) {
    OBSERVERS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Arc::new(observer));
    OBSERVED.store(true, Ordering::Release);
    WATCHERS.fetch_add(1, Ordering::Release);
}

/// Observes the calls that a thread makes while it is within something, such as an item of a map.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// use opero_core::{Context, Event, ThreadObserver};
///
/// let misses = Arc::new(AtomicUsize::new(0));
/// let counted = Arc::clone(&misses);
/// let mut observer = ThreadObserver::new(Arc::new(move |_: &str, event: &Event<'_>| {
///     counted.fetch_add(matches!(event, Event::CacheMiss).into(), Relaxed);
/// }));
/// observer.within(|| Context::blocking().emit(Event::CacheMiss));
/// Context::blocking().emit(Event::CacheMiss); // Outside: not counted.
/// assert_eq!(misses.load(Relaxed), 1);
/// ```
pub struct ThreadObserver(Option<Arc<dyn Observer>>);

impl ThreadObserver {
    /// One that observes nothing yet.
    pub fn new(observer: Arc<dyn Observer>) -> Self {
        WATCHERS.fetch_add(1, Ordering::Release);
        Self(Some(observer))
    }

    /// Observes what this thread calls meanwhile, in place of whatever observed it before.
    pub fn within<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let _swapped = Swapped::new(&mut self.0);
        poll()
    }

    /// What observes this thread now.
    pub fn current() -> Option<Arc<dyn Observer>> {
        OF_THREAD
            .try_with(|of_thread| of_thread.try_borrow().ok()?.clone())
            .ok()?
    }
}

impl Drop for ThreadObserver {
    fn drop(&mut self) {
        WATCHERS.fetch_sub(1, Ordering::Release);
    }
}

impl fmt::Debug for ThreadObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ThreadObserver").finish_non_exhaustive()
    }
}

/// The thread's observer and another one have changed places, until this is dropped.
struct Swapped<'o>(&'o mut Option<Arc<dyn Observer>>);

impl<'o> Swapped<'o> {
    fn new(observer: &'o mut Option<Arc<dyn Observer>>) -> Self {
        swap(observer);
        Self(observer)
    }
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

fn swap(observer: &mut Option<Arc<dyn Observer>>) {
    // A thread that is about to end calls nothing that counts.
    let _ = OF_THREAD.try_with(|of_thread| {
        if let Ok(mut of_thread) = of_thread.try_borrow_mut() {
            std::mem::swap(&mut *of_thread, observer);
        }
    });
}

/// Returns `true` if an observer may be there, beside the one that a call brings.
#[inline]
pub(crate) fn may_be_observed() -> bool {
    WATCHERS.load(Ordering::Relaxed) != 0
}

/// Returns `true` if there are global observers, or, where asked for, one of this thread.
#[cold]
pub(crate) fn is_observed(by_thread: bool) -> bool {
    let of_thread = || OF_THREAD.try_with(|of_thread| of_thread.borrow().is_some());
    OBSERVED.load(Ordering::Relaxed) || by_thread && of_thread().unwrap_or(false)
}

/// Tells the global observers and, where asked for, that of this thread.
#[cold]
pub(crate) fn tell(function: &str, event: &Event<'_>, by_thread: bool) {
    if by_thread {
        let _ = OF_THREAD.try_with(|of_thread| {
            if let Some(observer) = &*of_thread.borrow() {
                notify(&**observer, function, event);
            }
        });
    }
    if !OBSERVED.load(Ordering::Relaxed) {
        return;
    }
    // Told without the lock: an observer may itself add one, or make calls that are observed.
    let observers = OBSERVERS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    for observer in observers {
        notify(&*observer, function, event);
    }
}

/// Tells one observer. Its panic ends here, after the panic hook has said so: what is watched goes on.
///
/// ```
/// let broken = |_: &str, _: &opero_core::Event<'_>| panic!("broken");
/// opero_core::notify(&broken, "f", &opero_core::Event::CacheHit);
/// ```
pub fn notify(observer: &dyn Observer, function: &str, event: &Event<'_>) {
    let told = catch_unwind(AssertUnwindSafe(|| observer.on_event(function, event)));
    if let Err(payload) = told {
        // A destructor of the user's may panic as well, and its payload's, without end.
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(another);
        }
    }
}
