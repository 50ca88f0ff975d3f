mod backends;
mod clocks;
mod directory;
mod flaky;
mod script;
mod stages;
mod subject;
mod trace;
mod worker;

pub(crate) use backends::Grants;
pub(crate) use clocks::{poll_once, with_clock};
pub(crate) use directory::Directory;
pub(crate) use flaky::{FlakyCache, Health};
pub(crate) use script::{Failure, Outcome, Script, Step, outcomes};
pub(crate) use stages::Around;
pub(crate) use subject::{Answer, SECRET, Subject, answer, both_ways, executed, runtime};
pub(crate) use trace::Trace;
pub(crate) use worker::{HANG, Workers, patient, run_worker};
