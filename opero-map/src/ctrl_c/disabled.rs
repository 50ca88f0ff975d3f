use std::io;

use crate::Cancel;

pub(crate) const POSSIBLE: bool = false;

/// Nobody watches: the feature `ctrl-c` is off.
#[derive(Debug)]
pub(crate) enum Watching {}

impl Watching {
    pub(crate) fn new(_: &Cancel, _: bool) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

pub(crate) fn is_ignored() -> bool {
    false
}

pub(crate) fn within<T>(_: bool, poll: impl FnOnce() -> T) -> T {
    poll()
}
