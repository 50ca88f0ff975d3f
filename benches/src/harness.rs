//! Measures subjects beside each other: alternating rounds in one process, medians over the rounds.

use std::fmt::Display;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::counting;

/// Rounds over which the medians are taken, after one that is thrown away.
const ROUNDS: usize = 9;
/// How long one subject runs in one round, unless a single call takes longer.
const STRETCH: Duration = Duration::from_millis(25);
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
    calls: u64,
}

/// What is measured while a subject runs.
#[derive(Default)]
pub(crate) struct Stopwatch {
    elapsed: Duration,
    allocations: u64,
    /// Of the first job that failed: what it took says nothing.
    failure: Option<String>,
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
}

impl Subject {
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
        Self {
            name,
            run: Box::new(run),
            calls: 1,
        }
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
        Self {
            name,
            run: Box::new(run),
            calls: 1,
        }
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
        Self {
            name,
            run: Box::new(run),
            calls,
        }
    }

    /// A job whose calls may fail, as those that need a server or a disk: then its row is not measured.
    pub(crate) fn trial<E: Display>(
        name: &'static str,
        calls: u64,
        mut job: impl FnMut() -> Result<(), E> + 'static,
    ) -> Self {
        let run = move |units, watch: &mut Stopwatch| {
            for _ in 0..units {
                if let Err(error) = watch.lap(&mut job) {
                    watch.failure.get_or_insert(error.to_string());
                    return;
                }
            }
        };
        Self {
            name,
            run: Box::new(run),
            calls,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Runs once, unmeasured.
    ///
    /// # Errors
    /// Where it is a trial that fails.
    pub(crate) fn warm(&mut self) -> Result<(), String> {
        self.lap(1).map(drop)
    }

    fn lap(&mut self, units: u64) -> Result<Stopwatch, String> {
        let mut watch = Stopwatch::default();
        (self.run)(units, &mut watch);
        match watch.failure {
            None => Ok(watch),
            Some(failure) => Err(format!("{}: {failure}", self.name)),
        }
    }

    /// The units that fill a stretch.
    fn calibrate(&mut self) -> Result<u64, String> {
        let mut units = 1;
        loop {
            let elapsed = self.lap(units)?.elapsed;
            if elapsed * 4 >= STRETCH {
                let fill = units as f64 * STRETCH.as_secs_f64() / elapsed.as_secs_f64();
                return Ok(fill.ceil() as u64);
            }
            units *= 2;
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

/// What was measured of one subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    /// Median time of a call in nanoseconds.
    pub(crate) ns: f64,
    /// Allocations of a call.
    pub(crate) allocations: f64,
}

/// Measures all subjects, round by round, each round starting with another one.
///
/// # Errors
/// The first failure of a trial.
pub(crate) fn measure(subjects: &mut [Subject]) -> Result<Vec<Measured>, String> {
    let units: Result<Vec<u64>, String> = subjects.iter_mut().map(Subject::calibrate).collect();
    let units = units?;
    let count = subjects.len();
    let mut times = vec![Vec::with_capacity(ROUNDS); count];
    for round in 0..=ROUNDS {
        for turn in 0..count {
            let index = (round + turn) % count;
            let (subject, units) = (&mut subjects[index], units[index]);
            let elapsed = subject.lap(units)?.elapsed;
            if round > 0 {
                let calls = units * subject.calls;
                times[index].push(elapsed.as_secs_f64() * 1e9 / calls as f64);
            }
        }
    }
    let measured = subjects.iter_mut().zip(times).map(|(subject, times)| {
        // A multiple of the chunk, and enough calls that a table that grows now and then weighs nothing.
        let units = if subject.calls == 1 { 64 * CHUNK } else { 1 };
        counting::count(true);
        let counted = subject.lap(units);
        counting::count(false);
        Ok(Measured {
            name: subject.name,
            ns: median(times),
            allocations: counted?.allocations as f64 / (units * subject.calls) as f64,
        })
    });
    measured.collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
