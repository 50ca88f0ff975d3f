//! Something to measure, and the watch that is held while it runs.

use std::fmt::Display;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::counting;

/// Calls between two readings of the clock: arguments are made outside the timed stretch, and few enough to stay in
/// the processor's first cache.
const CHUNK: u64 = 256;

/// Runs so many units under the watch.
type Run = Box<dyn FnMut(u64, &mut Stopwatch)>;

/// Something to measure.
pub(crate) struct Subject {
    name: &'static str,
    run: Run,
    /// The calls that one unit of `run` makes.
    pub(super) calls: u64,
    /// The units over which its allocations are counted: enough that a table that grows now and then weighs nothing.
    pub(super) counted: u64,
    /// Why it is not on this machine, where it is not.
    missing: Option<String>,
}

/// What is measured while a subject runs.
#[derive(Default)]
pub(crate) struct Stopwatch {
    pub(super) elapsed: Duration,
    pub(super) allocations: u64,
    /// Of the first job that failed: what it took says nothing.
    pub(super) failure: Option<String>,
}

impl Stopwatch {
    /// Runs `stretch`, and counts its time and its allocations.
    pub(crate) fn lap<R>(&mut self, stretch: impl FnOnce() -> R) -> R {
        let allocations = counting::allocations();
        let start = Instant::now();
        let result = stretch();
        self.elapsed += start.elapsed();
        self.allocations += counting::allocations() - allocations;
        result
    }

    /// Counts a time that the caller measured.
    pub(crate) fn add(&mut self, elapsed: Duration) {
        self.elapsed += elapsed;
    }
}

impl Subject {
    fn new(name: &'static str, calls: u64, run: impl FnMut(u64, &mut Stopwatch) + 'static) -> Self {
        Self {
            name,
            run: Box::new(run),
            calls,
            counted: 1,
            missing: None,
        }
    }

    /// One whose unit is a single call.
    fn call(name: &'static str, run: impl FnMut(u64, &mut Stopwatch) + 'static) -> Self {
        Self {
            counted: 64 * CHUNK,
            ..Self::new(name, 1, run)
        }
    }

    /// A peer that is not on this machine, and why: it keeps its row from no other figure.
    pub(crate) fn missing(name: &'static str, why: impl Display) -> Self {
        Self {
            missing: Some(why.to_string()),
            ..Self::new(name, 1, |_, _| {})
        }
    }

    /// A function, called with what `argument` makes of the call's number.
    pub(crate) fn sync<A, R>(
        name: &'static str,
        argument: impl Fn(u64) -> A + 'static,
        function: impl Fn(A) -> R + 'static,
    ) -> Self {
        let run = move |calls, watch: &mut Stopwatch| {
            in_chunks(calls, &argument, |arguments| {
                watch.lap(|| {
                    for argument in arguments {
                        black_box(function(black_box(argument)));
                    }
                });
            });
        };
        Self::call(name, run)
    }

    /// An async function, awaited call by call inside `runtime`.
    pub(crate) fn asynchronous<A, R>(
        name: &'static str,
        runtime: &Rc<Runtime>,
        argument: impl Fn(u64) -> A + 'static,
        mut function: impl AsyncFnMut(A) -> R + 'static,
    ) -> Self {
        let runtime = Rc::clone(runtime);
        let run = move |calls, watch: &mut Stopwatch| {
            in_chunks(calls, &argument, |arguments| {
                watch.lap(|| {
                    runtime.block_on(async {
                        for argument in arguments {
                            black_box(function(black_box(argument)).await);
                        }
                    });
                });
            });
        };
        Self::call(name, run)
    }

    /// A job that makes `calls` calls at once, such as a map or a crowd of concurrent callers.
    pub(crate) fn job<R>(
        name: &'static str,
        calls: u64,
        mut job: impl FnMut() -> R + 'static,
    ) -> Self {
        let run = move |units, watch: &mut Stopwatch| {
            for _ in 0..units {
                black_box(watch.lap(&mut job));
            }
        };
        Self::new(name, calls, run)
    }

    /// A job whose calls may fail, as those that need a server or a disk: then its row is not measured.
    pub(crate) fn trial<E: Display>(
        name: &'static str,
        calls: u64,
        mut job: impl FnMut() -> Result<(), E> + 'static,
    ) -> Self {
        Self::timed(name, calls, move |watch| watch.lap(&mut job))
    }

    /// A job that holds the watch itself: what it prepares and clears away does not count. It may fail, too.
    pub(crate) fn timed<E: Display>(
        name: &'static str,
        calls: u64,
        mut job: impl FnMut(&mut Stopwatch) -> Result<(), E> + 'static,
    ) -> Self {
        let run = move |units, watch: &mut Stopwatch| {
            for _ in 0..units {
                if let Err(error) = job(watch) {
                    watch.failure.get_or_insert(error.to_string());
                    return;
                }
            }
        };
        Self::new(name, calls, run)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Why it is not on this machine, where it is not.
    pub(crate) fn why_missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// Runs once, unmeasured.
    ///
    /// # Errors
    /// Where it is a trial that fails.
    pub(crate) fn warm(&mut self) -> Result<(), String> {
        self.lap(1).map(drop)
    }

    pub(super) fn lap(&mut self, units: u64) -> Result<Stopwatch, String> {
        let mut watch = Stopwatch::default();
        (self.run)(units, &mut watch);
        match watch.failure {
            None => Ok(watch),
            Some(failure) => Err(format!("{}: {failure}", self.name)),
        }
    }
}

fn in_chunks<A>(calls: u64, argument: impl Fn(u64) -> A, mut run: impl FnMut(Vec<A>)) {
    let mut next = 0;
    while next < calls {
        let end = calls.min(next + CHUNK);
        run((next..end).map(&argument).collect());
        next = end;
    }
}
