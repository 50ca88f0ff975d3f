mod backends;
mod clocks;
mod flaky;
mod script;
mod stages;
mod trace;

pub(crate) use backends::Grants;
pub(crate) use clocks::{poll_once, with_clock};
pub(crate) use flaky::{FlakyCache, Health};
pub(crate) use script::{Failure, Outcome, Script, Step, outcomes};
pub(crate) use stages::Around;
pub(crate) use trace::Trace;
