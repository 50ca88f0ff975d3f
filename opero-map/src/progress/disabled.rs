use std::sync::Arc;

use crate::engine::Statistics;

/// Nothing is shown: the feature `progress` is off.
#[derive(Debug)]
pub(crate) enum Progress {}

/// See [`Progress`].
#[derive(Debug, Clone)]
pub(crate) enum Above {}

impl Progress {
    pub(crate) const POSSIBLE: bool = false;

    pub(crate) fn start(_: &'static str, _: Option<usize>, _: &Arc<Statistics>) -> Option<Self> {
        None
    }

    pub(crate) fn above(&self) -> Option<Above> {
        match *self {}
    }

    pub(crate) fn end(self) {
        match self {}
    }
}

#[cfg(feature = "process")]
impl Above {
    pub(crate) fn pipe(&self, _: super::Stream) -> Option<std::os::fd::OwnedFd> {
        match *self {}
    }
}

/// Prints: there is no bar to step aside.
pub(super) fn suspended<T>(print: impl FnOnce() -> T) -> T {
    print()
}
