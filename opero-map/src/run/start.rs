use std::sync::Arc;

use opero_core::{ConfigError, Error, Observer, WaitMode};

use super::Run;
use crate::config::{MapConfig, Plan};
#[cfg(all(feature = "ctrl-c", unix))]
use crate::ctrl_c;
use crate::ctrl_c::CtrlCGuard;
use crate::engine::sink::ResultSink;
use crate::engine::{LoopSetup, Session};
use crate::erased::{AnyJob, ErasedJob};
use crate::executor::join::JoinedLoops;
use crate::executor::{Executor, PoolRequest, WorkerLoop};
use crate::job::Job;
use crate::progress::{self, Progress, WorkerOutput};
use crate::report::statistics::{Detail, Statistics};
use crate::resume::RunJournal;
use crate::source::Source;

/// A run with its job as a trait object.
pub(super) struct AnyRun<'j, S: Source, T, E> {
    name: &'static str,
    source: S,
    job: AnyJob<'j, S::Item, T, E>,
    pub(super) waiting: WaitMode,
    pub(super) config: MapConfig,
}

/// A run that has begun but has no worker loops yet.
pub(super) struct Begun<'j, S: Source, T, E, O> {
    pub(super) session: Arc<Session<'j, S, T, E, O>>,
    pub(super) progress: Option<Progress>,
    pub(super) ctrl_c: Option<CtrlCGuard>,
    /// `None` where no item can run.
    executor: Option<Arc<dyn Executor>>,
    worker_loops: usize,
}

/// What an executor did with worker loops.
pub(super) enum Launch<'a> {
    /// It drives them, or has driven them.
    Driven,
    /// It failed: one worker loop is left, which rejects each item and which the caller drives.
    Returned(JoinedLoops<'a>),
}

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    pub(super) fn erased<'j>(self) -> AnyRun<'j, S, J::Output, J::Error>
    where
        J: 'j,
    {
        AnyRun {
            name: self.name,
            source: self.source,
            job: Box::new(self.job),
            waiting: J::WAIT_MODE,
            config: self.config,
        }
    }
}

/// Checks all parameters of a run, and returns how it goes.
pub(super) fn plan<I, T, E>(
    config: &MapConfig,
    waiting: WaitMode,
    job: &dyn ErasedJob<I, T, E>,
) -> Result<Plan, ConfigError> {
    let plan = config.plan(waiting)?;
    job.check()?;
    RunJournal::check(config, job)?;
    Ok(plan)
}

impl<'j, S, T, E> AnyRun<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    pub(super) fn plan(&self) -> Result<Plan, ConfigError> {
        plan(&self.config, self.waiting, &*self.job)
    }

    /// Checks the parameters and lays out the session. `sink` is made for that number of worker
    /// loops.
    pub(super) fn begin<O>(
        mut self,
        recorded: bool,
        sink: impl FnOnce(bool, usize) -> O,
    ) -> Begun<'j, S, T, E, O>
    where
        O: ResultSink<Result<T, Error<E>>> + 'j,
    {
        let shown = self.config.progress && cfg!(feature = "progress");
        let clock = || Arc::clone(&self.config.clock);
        let detail = match recorded {
            true if self.config.timeline => Some(Detail::Timeline),
            true => Some(Detail::Report),
            false => shown.then_some(Detail::Progress),
        };
        let statistics = detail.map(|detail| Statistics::new(clock(), detail));
        let statistics = statistics.map(Arc::new);
        let (least, length) = self.source.size_hint();
        let exact = length.filter(|&most| most == least);
        // Before the workers, which may print as soon as they are there.
        let progress = match &statistics {
            Some(statistics) if shown => progress::show(self.name, exact, statistics),
            _ => None,
        };
        let output = progress::worker_output(progress.as_ref());
        let begun = self
            .setup(length, statistics.as_ref(), output)
            .and_then(|(executor, setup)| Ok((self.stop_on_ctrl_c(&*executor)?, executor, setup)));
        let (ctrl_c, executor, setup, rejection) = match begun {
            Ok((ctrl_c, executor, setup)) => (ctrl_c, Some(executor), setup, None),
            Err(error) => (None, None, LoopSetup::rejecting(self.waiting), Some(error)),
        };
        let worker_loops = setup.worker_loops;
        let sink = sink(self.config.ordered, worker_loops);
        let session = Session::new(
            self.name,
            self.source,
            self.job,
            self.config,
            sink,
            statistics,
            setup,
        );
        if let Some(error) = rejection {
            session.reject(error);
        }
        Begun {
            session,
            progress,
            ctrl_c,
            executor,
            worker_loops,
        }
    }

    /// Returns `None`: Ctrl-C stops no run without the feature `ctrl-c`.
    #[cfg(not(all(feature = "ctrl-c", unix)))]
    fn stop_on_ctrl_c(&mut self, _: &dyn Executor) -> Result<Option<CtrlCGuard>, ConfigError> {
        Ok(None)
    }

    /// Registers the run with the Ctrl-C handler, where Ctrl-C stops it.
    #[cfg(all(feature = "ctrl-c", unix))]
    fn stop_on_ctrl_c(
        &mut self,
        executor: &dyn Executor,
    ) -> Result<Option<CtrlCGuard>, ConfigError> {
        let config = &mut self.config;
        let default = || executor.stops_on_ctrl_c() && !ctrl_c::is_ignored();
        if !config.ctrl_c.unwrap_or_else(default) {
            return Ok(None);
        }
        config.ctrl_c = Some(true);
        let cancel = config.cancel.get_or_insert_default();
        let term = executor.stops_on_ctrl_c();
        CtrlCGuard::new(cancel, term).map(Some).map_err(|error| {
            ConfigError::new(
                "ctrl_c",
                format!("is on, and the signal cannot be caught ({error})"),
                "switch it off",
            )
        })
    }

    /// Opens the journal and spawns the workers.
    fn setup(
        &self,
        length: Option<usize>,
        statistics: Option<&Arc<Statistics>>,
        output: Option<WorkerOutput>,
    ) -> Result<(Arc<dyn Executor>, LoopSetup), ConfigError> {
        let Plan {
            executor,
            workers,
            waiting,
        } = self.plan()?;
        // More workers than items would find nothing to do.
        let most = length.unwrap_or(usize::MAX).max(1);
        let workers = workers.min(most);
        let journal = RunJournal::open(&self.config, &*self.job)?;
        let pool = executor.spawn_pool(&PoolRequest {
            name: self.name,
            function: self.job.remote(),
            workers,
            config: &self.config,
            observer: statistics.map(|statistics| Arc::clone(statistics) as Arc<dyn Observer>),
            output,
        })?;
        let worker_loops = pool
            .as_ref()
            .map_or(workers, |pool| pool.worker_loops().min(most));
        let setup = LoopSetup {
            worker_loops,
            waiting,
            pool,
            journal,
        };
        Ok((executor, setup))
    }
}

impl<'j, S, T, E, O> Begun<'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: ResultSink<Result<T, Error<E>>> + 'j,
{
    /// Returns the worker loops, for this task to drive.
    pub(super) fn together(&self) -> JoinedLoops<'j> {
        JoinedLoops::new(self.session.worker_loops(self.worker_loops))
    }

    /// Drives the worker loops to their end.
    pub(super) fn block(&self) -> Launch<'j> {
        self.launch(|executor, worker_loops| executor.block(worker_loops))
    }

    fn launch(
        &self,
        start: impl FnOnce(&dyn Executor, Vec<WorkerLoop<'j>>) -> Result<(), ConfigError>,
    ) -> Launch<'j> {
        if let Some(executor) = &self.executor {
            match start(&**executor, self.session.worker_loops(self.worker_loops)) {
                Ok(()) => return Launch::Driven,
                Err(error) => self.session.reject(error),
            }
        }
        Launch::Returned(JoinedLoops::new(self.session.worker_loops(1)))
    }
}

impl<S, T, E, O> Begun<'static, S, T, E, O>
where
    S: Source + 'static,
    T: Send + 'static,
    E: Send + 'static,
    O: ResultSink<Result<T, Error<E>>> + 'static,
{
    /// Drives the worker loops in the background.
    pub(super) fn spawn(&self) -> Launch<'static> {
        self.launch(|executor, worker_loops| executor.spawn(worker_loops))
    }

    /// Drives the worker loops beside this task.
    pub(super) fn spawn_beside(&self) -> Launch<'static> {
        self.launch(|executor, worker_loops| executor.spawn_beside(worker_loops))
    }
}
