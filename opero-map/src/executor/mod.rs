//! What drives the lanes of a run: named, registered, found by the parameter `mode`.
//!
//! A run is made of lanes. Each lane is one future that takes an item, works on it, hands on the result and takes the
//! next. An executor drives whole lanes, so its dynamic dispatch and its spawning cost once a lane and never an item.

mod crew;
pub(crate) mod join;
#[cfg(feature = "async")]
mod task;
#[cfg(feature = "thread")]
mod thread;

pub use crew::{Crew, Desk, Terms};

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::available_parallelism;

use opero_core::registry::{self, Registration};
use opero_core::{Backend, ConfigError, Location, Waiting};

/// One lane: it ends when there are no more items for it. It never panics.
pub type Lane<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Drives lanes at the same time, each in one place from its beginning to its end.
pub trait Executor: Backend {
    /// How its lanes wait when they run such a function, synchronous or async. `None`: it cannot run it.
    fn waiting(&self, function: Waiting) -> Option<Waiting>;

    /// How many lanes a run has unless its user says otherwise.
    fn default_workers(&self) -> usize;

    /// Workers beside the lanes, in which the bare function is executed. `None`: it is executed in the lanes themselves.
    ///
    /// # Errors
    /// Where the function cannot be executed elsewhere, or a parameter about workers is wrong.
    #[doc(hidden)]
    fn hire(&self, terms: &Terms<'_>) -> Result<Option<Arc<dyn Crew>>, ConfigError> {
        let _ = terms;
        Ok(None)
    }

    /// Does Ctrl-C stop its runs, unless their users say otherwise?
    fn stops_on_ctrl_c(&self) -> bool {
        false
    }

    /// Drives the lanes to their end, blocking this thread.
    ///
    /// # Errors
    /// Where the threads or the runtime cannot be had. Then no lane has been started.
    fn block(&self, lanes: Vec<Lane<'_>>) -> Result<(), ConfigError>;

    /// Drives the lanes in the background and returns at once.
    ///
    /// # Errors
    /// Where the threads or the runtime cannot be had. Then no lane has been started.
    fn spawn(&self, lanes: Vec<Lane<'static>>) -> Result<(), ConfigError>;

    /// Drives the lanes beside the task that calls this, in its runtime where that is possible, and returns at once.
    ///
    /// # Errors
    /// As [`spawn`](Executor::spawn).
    fn spawn_beside(&self, lanes: Vec<Lane<'static>>) -> Result<(), ConfigError> {
        self.spawn(lanes)
    }
}

/// How an executor is found: submit one with `inventory::submit!`, or [`opero_core::register`] it.
#[derive(Debug)]
pub struct ExecutorRegistration {
    /// The name that users give as `mode`.
    pub scheme: &'static str,
    /// Opens it.
    pub open: fn(&Location) -> Result<Arc<dyn Executor>, ConfigError>,
}

inventory::collect!(ExecutorRegistration);

impl Registration for ExecutorRegistration {
    const PARAMETER: &'static str = "mode";
    const NOUN: &'static str = "mode";
    const FEATURES: &'static [(&'static str, &'static str)] = &[
        ("async", "map"),
        ("thread", "map"),
        ("process", "map-process"),
        ("async_process", "map-process"),
    ];

    fn scheme(&self) -> &'static str {
        self.scheme
    }

    fn registered() -> &'static Mutex<Vec<&'static Self>> {
        static REGISTERED: Mutex<Vec<&'static ExecutorRegistration>> = Mutex::new(Vec::new());
        &REGISTERED
    }
}

/// Opens the executor of that name.
///
/// # Errors
/// An unknown name, with those there are and the Cargo feature that adds a missing one.
pub(crate) fn open(mode: &Location) -> Result<Arc<dyn Executor>, ConfigError> {
    let registration = registry::find::<ExecutorRegistration>(mode).map_err(|error| {
        let mut features = ExecutorRegistration::FEATURES.iter();
        let missing = features.find(|(scheme, _)| *scheme == mode.scheme());
        match missing {
            // The crate `opero` calls its features otherwise, and users of either one read this.
            Some((scheme, feature)) if !registered(scheme) => ConfigError::new(
                error.parameter(),
                error.problem(),
                format!(
                    "enable the Cargo feature `{feature}` of opero (`{}` of opero-map)",
                    own_feature(scheme)
                ),
            ),
            _ => error,
        }
    })?;
    (registration.open)(mode)
}

/// The feature of this crate that adds an executor.
fn own_feature(scheme: &str) -> &str {
    scheme.strip_prefix("async_").unwrap_or(scheme)
}

fn registered(scheme: &str) -> bool {
    registry::schemes::<ExecutorRegistration>().contains(&scheme)
}

/// How many threads can run at once. Asked for once: the answer takes reading several files.
pub(crate) fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| available_parallelism().map_or(1, usize::from));
    *CORES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_mode_is_one_and_a_missing_one_names_its_feature_in_both_crates() {
        let error = |mode: &str| open(&mode.into()).err().map(|error| error.to_string());
        let unknown = error("fibre").unwrap();
        assert!(
            unknown.starts_with("`mode` names the unknown mode `fibre`: "),
            "{unknown}"
        );
        for (mode, feature) in ExecutorRegistration::FEATURES {
            match error(mode) {
                None => assert!(registered(mode)),
                Some(missing) => {
                    let own = own_feature(mode);
                    let words = format!("`{feature}` of opero (`{own}` of opero-map)");
                    assert!(!registered(mode) && missing.contains(&words), "{missing}");
                }
            }
        }
    }
}
