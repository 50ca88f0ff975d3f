use std::sync::Arc;

use super::Run;
use crate::engine::{Outbox, ResultOf, Session, Statistics, Together};
use crate::executor::Lane;
use crate::progress::Progress;
use crate::{Executor, Job, Source};

/// A run that has begun but has no lanes yet.
pub(super) struct Begun<S: Source, J, O> {
    pub(super) session: Arc<Session<S, J, O>>,
    pub(super) progress: Option<Progress>,
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
        self,
        recorded: bool,
        outbox: impl FnOnce(bool, usize) -> O,
    ) -> Begun<S, J, O>
    where
        O: Outbox<ResultOf<S, J>>,
    {
        let (executor, workers, refusal) = match self.plan() {
            Ok((executor, workers)) => (Some(executor), workers, None),
            Err(error) => (None, 1, Some(error)),
        };
        let (least, length) = self.source.size_hint();
        // More lanes than items would find nothing to do.
        let lanes = workers.min(length.unwrap_or(workers)).max(1);
        let drawn = self.config.progress && Progress::possible();
        let statistics =
            (recorded || drawn).then(|| Arc::new(Statistics::new(lanes, &*self.config.clock)));
        let exact = length.filter(|&most| most == least);
        let progress = match &statistics {
            Some(statistics) if drawn => Progress::start(self.name, exact, statistics),
            _ => None,
        };
        let outbox = outbox(self.config.ordered, lanes);
        let session = Session::new(
            self.name,
            self.source,
            self.job,
            self.config,
            outbox,
            lanes,
            statistics,
        );
        if let Some(error) = refusal {
            session.refuse(error);
        }
        Begun {
            session,
            progress,
            executor,
            lanes,
        }
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
        start: impl FnOnce(&dyn Executor, Vec<Lane<'a>>) -> Result<(), opero_core::ConfigError>,
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
