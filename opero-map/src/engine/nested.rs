//! Counts within items: decorated functions that an item calls count for its run, and a run within
//! an item counts for the run around it.

use std::sync::Arc;

use opero_core::{Event, Observer, ThreadObserver};

use crate::report::statistics::Statistics;

/// Counts what is called within the items of a worker loop.
pub(crate) struct NestedCalls {
    statistics: Option<Arc<Statistics>>,
    worker_loop: usize,
    /// The run around this one.
    outer: Option<Arc<dyn Observer>>,
}

impl NestedCalls {
    /// Returns `None` where nothing is counted.
    pub(crate) fn observer(
        statistics: Option<&Arc<Statistics>>,
        worker_loop: usize,
        outer: Option<&Arc<dyn Observer>>,
    ) -> Option<ThreadObserver> {
        if statistics.is_none() && outer.is_none() {
            return None;
        }
        let within = Self {
            statistics: statistics.cloned(),
            worker_loop,
            outer: outer.cloned(),
        };
        Some(ThreadObserver::new(Arc::new(within)))
    }
}

impl Observer for NestedCalls {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        if let Some(statistics) = &self.statistics {
            statistics.shard(self.worker_loop).count_within(event);
        }
        if let Some(outer) = &self.outer {
            outer.on_event(function, event);
        }
    }
}

/// Observes the items of a run within an item, for both runs.
pub(crate) struct NestedRun<'a> {
    own: Option<&'a dyn Observer>,
    outer: &'a dyn Observer,
}

impl<'a> NestedRun<'a> {
    /// Returns `None` where no run is around this one.
    pub(crate) fn new(
        own: Option<&'a dyn Observer>,
        outer: Option<&'a (dyn Observer + 'static)>,
    ) -> Option<Self> {
        Some(Self { own, outer: outer? })
    }
}

impl Observer for NestedRun<'_> {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        for observer in self.own.into_iter().chain([self.outer]) {
            observer.on_event(function, event);
        }
    }
}
