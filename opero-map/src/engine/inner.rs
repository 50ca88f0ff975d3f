//! What happens within items: functions of opero's that they call count for the run as well, and a run within an item
//! counts for the run around it.

use std::sync::Arc;

use opero_core::{Event, Observer, ThreadObserver};

use crate::report::statistics::Statistics;

/// Counts what is called within the items of a lane.
pub(crate) struct Within {
    statistics: Option<Arc<Statistics>>,
    lane: usize,
    /// The run around this one.
    outer: Option<Arc<dyn Observer>>,
}

impl Within {
    /// `None` where nobody counts.
    pub(crate) fn observer(
        statistics: Option<&Arc<Statistics>>,
        lane: usize,
        outer: Option<&Arc<dyn Observer>>,
    ) -> Option<ThreadObserver> {
        if statistics.is_none() && outer.is_none() {
            return None;
        }
        let within = Self {
            statistics: statistics.cloned(),
            lane,
            outer: outer.cloned(),
        };
        Some(ThreadObserver::new(Arc::new(within)))
    }
}

impl Observer for Within {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        if let Some(statistics) = &self.statistics {
            statistics.shard(self.lane).count_within(event);
        }
        if let Some(outer) = &self.outer {
            outer.on_event(function, event);
        }
    }
}

/// Observes the items of a run within an item, for both runs.
pub(crate) struct Inner<'a> {
    own: Option<&'a dyn Observer>,
    outer: &'a dyn Observer,
}

impl<'a> Inner<'a> {
    /// `None` where there is no run around this one.
    pub(crate) fn new(
        own: Option<&'a dyn Observer>,
        outer: Option<&'a (dyn Observer + 'static)>,
    ) -> Option<Self> {
        Some(Self { own, outer: outer? })
    }
}

impl Observer for Inner<'_> {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        for observer in self.own.into_iter().chain([self.outer]) {
            observer.on_event(function, event);
        }
    }
}
