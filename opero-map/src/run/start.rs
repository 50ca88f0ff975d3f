use std::sync::Arc;

use opero_core::{ConfigError, Observer};

use super::Run;
use crate::config::Plan;
use crate::ctrl_c::{self, Watching};
use crate::engine::{Detail, Floor, Outbox, ResultOf, Session, Statistics, Together};
use crate::executor::{Lane, Terms};
use crate::progress::{Above, Progress};
use crate::recording::Recording;
use crate::{Executor, Job, Source};

/// A run that has begun but has no lanes yet.
pub(super) struct Begun<S: Source, J, O> {
    pub(super) session: Arc<Session<S, J, O>>,
    pub(super) progress: Option<Progress>,
    pub(super) watching: Option<Watching>,
    /// `None` where no item can run.
    executor: Option<Arc<dyn Executor>>,
    lanes: usize,
}

/// What became of lanes that were handed to an executor.
pub(super) enum Handed<'a> {
    /// It drives them, or drove them.
    Over,
    /// It could not: one lane is left, which tells each item why, and which anybody can drive.
    Back(Together<'a>),
}

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Checks the parameters and lays out the session. `outbox` is made for that number of lanes.
    pub(super) fn begin<O>(
        mut self,
        recorded: bool,
        outbox: impl FnOnce(bool, usize) -> O,
    ) -> Begun<S, J, O>
    where
        O: Outbox<ResultOf<S, J>>,
    {
        let drawn = self.config.progress && Progress::POSSIBLE;
        let clock = || Arc::clone(&self.config.clock);
        let detail = match recorded {
            true if self.config.timeline => Some(Detail::Timeline),
            true => Some(Detail::Report),
            false => drawn.then_some(Detail::Progress),
        };
        let statistics = detail.map(|detail| Statistics::new(clock(), detail));
        let statistics = statistics.map(Arc::new);
        let (least, length) = self.source.size_hint();
        let exact = length.filter(|&most| most == least);
        // Before the workers, which may print as soon as they are there.
        let progress = match &statistics {
            Some(statistics) if drawn => Progress::start(self.name, exact, statistics),
            _ => None,
        };
        let output = progress.as_ref().and_then(Progress::above);
        let begun = self
            .floor(length, statistics.as_ref(), output)
            .and_then(|(executor, floor)| Ok((self.watch(&*executor)?, executor, floor)));
        let (watching, executor, floor, refusal) = match begun {
            Ok((watching, executor, floor)) => (watching, Some(executor), floor, None),
            Err(error) => (None, None, Floor::refusing(J::WAITING), Some(error)),
        };
        let lanes = floor.lanes;
        let outbox = outbox(self.config.ordered, lanes);
        let session = Session::new(
            self.name,
            self.source,
            self.job,
            self.config,
            outbox,
            statistics,
            floor,
        );
        if let Some(error) = refusal {
            session.refuse(error);
        }
        Begun {
            session,
            progress,
            watching,
            executor,
            lanes,
        }
    }

    /// Has Ctrl-C stop the run, where it should.
    fn watch(&mut self, executor: &dyn Executor) -> Result<Option<Watching>, ConfigError> {
        let config = &mut self.config;
        let default = || executor.stops_on_ctrl_c() && !ctrl_c::is_ignored();
        if !ctrl_c::POSSIBLE || !config.ctrl_c.unwrap_or_else(default) {
            return Ok(None);
        }
        config.ctrl_c = Some(true);
        let cancel = config.cancel.get_or_insert_default();
        let term = executor.stops_on_ctrl_c();
        Watching::new(cancel, term).map(Some).map_err(|error| {
            ConfigError::new(
                "ctrl_c",
                format!("is on, and the signal cannot be caught ({error})"),
                "switch it off",
            )
        })
    }
}

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Where it takes place, with its workers hired.
    fn floor(
        &self,
        length: Option<usize>,
        statistics: Option<&Arc<Statistics>>,
        output: Option<Above>,
    ) -> Result<(Arc<dyn Executor>, Floor), ConfigError> {
        let Plan {
            executor,
            workers,
            waiting,
        } = self.plan()?;
        // More workers than items would find nothing to do.
        let most = length.unwrap_or(usize::MAX).max(1);
        let workers = workers.min(most);
        let recording = Recording::open(&self.config, &self.job)?;
        let crew = executor.hire(&Terms {
            name: self.name,
            function: self.job.remote(),
            workers,
            config: &self.config,
            observer: statistics.map(|statistics| Arc::clone(statistics) as Arc<dyn Observer>),
            output,
        })?;
        let lanes = crew.as_ref().map_or(workers, |crew| crew.lanes().min(most));
        let floor = Floor {
            lanes,
            waiting,
            crew,
            recording,
        };
        Ok((executor, floor))
    }
}

impl<S: Source, J: Job<S::Item>, O: Outbox<ResultOf<S, J>>> Begun<S, J, O> {
    /// The lanes, for this task to drive.
    pub(super) fn together<'a>(&self) -> Together<'a>
    where
        S: 'a,
        J: 'a,
        O: 'a,
    {
        Together::new(self.session.lanes(self.lanes))
    }

    /// Has the lanes driven to their end.
    pub(super) fn block<'a>(&self) -> Handed<'a>
    where
        S: 'a,
        J: 'a,
        O: 'a,
    {
        self.hand_over(|executor, lanes| executor.block(lanes))
    }

    /// Has the lanes driven in the background.
    pub(super) fn spawn(&self) -> Handed<'static>
    where
        S: 'static,
        J: 'static,
        O: 'static,
    {
        self.hand_over(|executor, lanes| executor.spawn(lanes))
    }

    fn hand_over<'a>(
        &self,
        start: impl FnOnce(&dyn Executor, Vec<Lane<'a>>) -> Result<(), ConfigError>,
    ) -> Handed<'a>
    where
        S: 'a,
        J: 'a,
        O: 'a,
    {
        if let Some(executor) = &self.executor {
            match start(&**executor, self.session.lanes(self.lanes)) {
                Ok(()) => return Handed::Over,
                Err(error) => self.session.refuse(error),
            }
        }
        Handed::Back(Together::new(self.session.lanes(1)))
    }
}
