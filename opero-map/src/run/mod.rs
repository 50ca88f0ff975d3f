//! A run that has not begun: what it will do, and the ways to begin it.

pub(crate) mod closures;
mod collecting;
mod flowing;
mod start;
mod workers;

use std::fmt;
use std::time::Duration;

use opero_core::{BackendUri, ConfigError};

use crate::cancel::Cancel;
use crate::config::MapConfig;
use crate::job::Job;
use crate::on_error::OnError;
use crate::source::Source;

/// A function about to be run over many items. Nothing happens, and no item is pulled, until a
/// method begins it.
///
/// | method | gives | runs | items and function may borrow |
/// |---|---|---|---|
/// | [`run`](Run::run), [`run_report`](Run::run_report) | all results | blocking this thread | yes |
/// | [`try_run`](Run::try_run) | all values, or the first error | blocking this thread | yes |
/// | `.await` | all results | async functions in the task, others beside it | no |
/// | [`join`](Run::join) | all results | in the task; async functions only | yes |
/// | [`try_join`](Run::try_join) | all values, or the first error | in the task; async functions only | yes |
/// | [`iter`](Run::iter) | an iterator | in the background | no |
/// | [`stream`](Run::stream) | a stream | beside the task | no |
/// | [`scoped_stream`](Run::scoped_stream) | a stream | in the task, while polled; async functions only | yes |
///
/// However it is begun:
///
/// - An item's error or panic is the result of that item alone. Where a parameter is wrong, such as
///   zero workers or an unknown mode, each item's result is that [`ConfigError`];
///   [`check`](Run::check) tells it beforehand.
/// - Dropping what was begun stops it: async items at their next await, synchronous ones before the
///   next item.
/// - A [`Cancel`] handle stops it from outside. Results stay at the places of their items: an item
///   without one, before others that have one or dropped while it ran, is
///   [`RejectedKind::Stopped`](crate::RejectedKind::Stopped), and only the tail is missing.
///   `try_run` and `try_join`, which promise all values, then give that error.
/// - Where an async run is driven by its task, time limits count on while the task does not poll
///   it.
/// - A panic in the input's iterator reaches the caller.
/// - In flight is at most one item a worker. Iterators and streams hold at most as many results
///   again for a slow consumer or for the sake of order. Threads take trivial items from an input
///   of known length in batches of up to 64, where all results are collected anyway.
#[must_use = "a run does nothing until it is run, awaited or iterated over"]
#[derive(Clone)]
pub struct Run<S, J> {
    pub(crate) name: &'static str,
    pub(crate) source: S,
    pub(crate) job: J,
    pub(crate) config: MapConfig,
}

/// A run whose results come with a [`Report`](crate::Report): see [`Run::with_report`].
#[must_use = "a run does nothing until it is run or awaited"]
#[derive(Clone, Debug)]
pub struct WithReport<S, J>(Run<S, J>);

impl<S, J> Run<S, J> {
    /// Creates a run of `job` over the items of `source`. The name appears in events and beside the
    /// progress bar.
    pub fn new(name: &'static str, source: S, job: J, config: MapConfig) -> Self {
        Self {
            name,
            source,
            job,
            config,
        }
    }

    /// Sets the executor: `thread`, `async`, `process`, `async_process`, or another registered one.
    ///
    /// Worker processes find functions by name: a registered function (`map_worker`, or the
    /// attribute `#[operomap]` of the crate `opero`), never a closure.
    ///
    /// ```
    /// let run = opero_map::map(["a", "b"], |word: &str| Ok::<_, ()>(word.len())).mode("thread");
    /// # #[cfg(feature = "thread")]
    /// assert_eq!(run.try_run().unwrap(), [1, 1]);
    /// ```
    pub fn mode(mut self, mode: impl Into<BackendUri>) -> Self {
        self.config.mode = Some(mode.into());
        self
    }

    /// Sets how many items run at once, or in the process modes how many processes. An async
    /// function has several items in flight in each process: see
    /// [`worker_in_flight`](Run::worker_in_flight).
    ///
    /// ```
    /// let run = opero_map::map(0..100, |n: u32| Ok::<_, ()>(n)).workers(8);
    /// # #[cfg(feature = "thread")]
    /// assert_eq!(run.try_run().unwrap().len(), 100);
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.config.workers = Some(workers);
        self
    }

    /// Returns results in the order of the input (the default), or with `false` as they are
    /// completed.
    ///
    /// ```
    /// let run = opero_map::map(0..100, |n: u32| Ok::<_, ()>(n)).ordered(false);
    /// # #[cfg(feature = "thread")] {
    /// let mut completed = run.try_run().unwrap();
    /// completed.sort_unstable();
    /// assert!(completed.into_iter().eq(0..100));
    /// # }
    /// ```
    pub fn ordered(mut self, ordered: bool) -> Self {
        self.config.ordered = ordered;
        self
    }

    /// Shows the run's progress (the default, with the feature `progress`): a bar on a terminal;
    /// elsewhere, on standard error, a line every ten seconds. Rate and time left count the items
    /// that were executed, not those whose results an earlier run recorded or a cache had. To print
    /// while a bar is drawn, see [`progress`](crate::progress).
    ///
    /// ```
    /// let run = opero_map::map(0..100, |n: u32| Ok::<_, ()>(n)).progress(false);
    /// # #[cfg(feature = "thread")]
    /// assert!(run.try_run().is_ok());
    /// ```
    pub fn progress(mut self, progress: bool) -> Self {
        self.config.progress = progress;
        self
    }

    /// Limits the time of an item, retries and waiting included: for async functions, and for every
    /// function in worker processes, which are killed for it. On threads it is an error, since
    /// nothing can stop a thread.
    ///
    /// ```
    /// # #[cfg(feature = "async")]
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// use std::time::Duration;
    ///
    /// let never = async |_: u32| std::future::pending::<Result<(), ()>>().await;
    /// let results = opero_map::map_async([1, 2], never).item_timeout(Duration::from_millis(1)).await;
    /// assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.is_timeout())));
    /// # });
    /// ```
    pub fn item_timeout(mut self, limit: Duration) -> Self {
        self.config.item_timeout = Some(limit);
        self
    }

    /// Sets what an item's error means for the rest of the run.
    ///
    /// ```
    /// use opero_map::OnError;
    ///
    /// let parse = |text: &str| text.parse::<u32>();
    /// let run = opero_map::map(["1", "x", "3"], parse).workers(1).on_error(OnError::Stop);
    /// # #[cfg(feature = "thread")]
    /// assert!(matches!(&run.run()[..], [Ok(1), Err(_)])); // The third was not started.
    /// ```
    ///
    /// Beside the first failure, a number of them or a share of the items may be what stops the
    /// run: see [`OnError`].
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.config.on_error = on_error;
        self
    }

    /// Stops with that handle: see [`Cancel`]. A run has one handle, the last that was given.
    ///
    /// ```
    /// let cancel = opero_map::Cancel::new();
    /// let run = opero_map::map(0_u64.., |n| Ok::<_, ()>(n)).cancel_on(&cancel);
    /// # #[cfg(feature = "thread")] {
    /// let results = std::thread::spawn(|| run.run());
    /// cancel.stop();
    /// println!("{} items ran", results.join().unwrap().len());
    /// # }
    /// ```
    pub fn cancel_on(mut self, cancel: &Cancel) -> Self {
        self.config.cancel = Some(cancel.clone());
        self
    }

    /// Keeps a [`Timeline`](crate::Timeline) in the report: what each worker loop and worker
    /// process did when. It takes bounded memory.
    ///
    /// ```
    /// # #[cfg(feature = "thread")] {
    /// let run = opero_map::map(0..100, |n: u32| Ok::<_, ()>(n)).timeline(true);
    /// let (_, report) = run.run_report();
    /// assert_eq!(report.timeline.as_ref().unwrap().spans.len(), 100);
    /// # let file = std::env::temp_dir().join(format!("opero-timeline-{}.html", std::process::id()));
    /// report.write_html(&file).unwrap();
    /// # std::fs::remove_file(file).unwrap();
    /// # }
    /// ```
    pub fn timeline(mut self, timeline: bool) -> Self {
        self.config.timeline = timeline;
        self
    }

    /// Stops the run on Ctrl-C and keeps its results. That is the default in the process modes.
    ///
    /// The first one is [`Cancel::stop`], the second one [`Cancel::now`], the third one ends the
    /// program. A handle that was given by [`cancel_on`](Run::cancel_on) tells afterwards that it
    /// was used. A run within an item of such a run belongs to that item: the first Ctrl-C lets it
    /// finish.
    ///
    /// In the process modes SIGTERM is treated like the first Ctrl-C, however often it comes.
    /// Workers do not end at SIGTERM, since it may be sent to all processes of the program.
    ///
    /// Handlers that the program has for SIGINT are called as well. While no such run goes on, the
    /// signal does what it did before the first of them began. So a program that begins to handle
    /// SIGINT only after a first run has to say `ctrl_c(false)` in each, and use a [`Cancel`] in
    /// its handler; otherwise the signal ends it.
    ///
    /// ```
    /// let run = opero_map::map(0..100, |n: u32| Ok::<_, ()>(n)).ctrl_c(true);
    /// # #[cfg(all(feature = "thread", feature = "ctrl-c"))]
    /// assert_eq!(run.try_run().unwrap().len(), 100);
    /// ```
    pub fn ctrl_c(mut self, ctrl_c: bool) -> Self {
        self.config.ctrl_c = Some(ctrl_c);
        self
    }

    /// Returns the results together with a [`Report`](crate::Report).
    ///
    /// ```
    /// # #[cfg(feature = "async")]
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let run = opero_map::map_async(0..10, |n: u32| async move { n.checked_sub(5).ok_or("too small") });
    /// let (results, report) = run.with_report().await;
    /// assert_eq!((results.len(), report.ok, report.failed), (10, 5, 5));
    /// # });
    /// ```
    pub fn with_report(self) -> WithReport<S, J> {
        WithReport(self)
    }
}

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Checks all parameters before the run.
    ///
    /// # Errors
    /// The first parameter that is wrong, and the way out.
    ///
    /// ```
    /// let run = opero_map::map([1], |n: u32| Ok::<_, ()>(n)).workers(0);
    /// # #[cfg(feature = "thread")]
    /// assert_eq!(run.check().unwrap_err().parameter(), "workers");
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        start::plan(&self.config, J::WAIT_MODE, &self.job).map(drop)
    }
}

impl<S, J> fmt::Debug for Run<S, J> {
    /// Without the items: they are arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
