use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use opero_core::sync::lock;
use opero_core::{CodecError, ConfigError, Error, ErrorKind, Key};

use super::{Course, unavailable};
use crate::erased::ErasedJob;
use crate::journal::{Facts, Log, Owner, Place, State, inspect};
use crate::{MapConfig, Report};

/// The journal of a run.
pub(crate) struct Recording {
    log: Log,
    again: bool,
    /// Why nothing is recorded or looked up, where nothing is.
    nameless: Option<String>,
    resumed: AtomicU64,
    unrecorded: AtomicU64,
    /// Why the first of them was not recorded.
    error: Mutex<Option<String>>,
}

/// An item's place in the journal. Boxed, so that items without a journal carry no more than a pointer.
pub(crate) struct Ticket(Box<Enrolled>);

enum Enrolled {
    Known(Key, Option<Place>),
    /// It does not become bytes, so nobody would know it again.
    Unknown(CodecError),
    /// Nothing of the run is recorded.
    Nameless,
}

const ORDER: Ordering = Ordering::Relaxed;

impl Recording {
    /// Could the run be recorded where its user says? Looks, and changes nothing.
    pub(crate) fn check<I, T, E>(
        config: &MapConfig,
        job: &dyn ErasedJob<I, T, E>,
    ) -> Result<(), ConfigError> {
        let Some(path) = &config.resume else {
            return Ok(());
        };
        inspect(path, &owner(config, job)?)
    }

    /// Opens the journal that the run's user names.
    pub(crate) fn open<I, T, E>(
        config: &MapConfig,
        job: &dyn ErasedJob<I, T, E>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(path) = &config.resume else {
            return Ok(None);
        };
        Ok(Some(Self {
            log: Log::open(path, &owner(config, job)?)?,
            again: config.resume_failed,
            nameless: nameless(config, job)?,
            resumed: AtomicU64::new(0),
            unrecorded: AtomicU64::new(0),
            error: Mutex::new(None),
        }))
    }

    /// An item as it comes from the input, in its order.
    pub(crate) fn enrol<I, T, E>(&self, job: &dyn ErasedJob<I, T, E>, item: &I) -> Ticket {
        if self.nameless.is_some() {
            return Ticket(Box::new(Enrolled::Nameless));
        }
        let contents = self.log.contents();
        // `Serialize` is the user's, and this is no place for a panic of theirs: others wait for the input.
        let key = shielded(|| {
            let recorded = job.recorded().map_err(|_| unrecorded())?;
            let key = contents.key_with(|out| Some(recorded.key(item, out)));
            key.unwrap_or_else(|| Err(unrecorded()))
        });
        Ticket(Box::new(match key {
            Ok(content) => {
                let (key, place) = self.log.enrol(content);
                Enrolled::Known(key, place)
            }
            Err(error) => Enrolled::Unknown(error),
        }))
    }

    /// The item's result, where it needs no run: from an earlier one, or because it could not be recorded.
    pub(crate) fn recall<I, T, E>(
        &self,
        job: &dyn ErasedJob<I, T, E>,
        ticket: &Ticket,
    ) -> Option<Result<T, Error<E>>> {
        let place = match &*ticket.0 {
            Enrolled::Known(_, place) => (*place)?,
            Enrolled::Unknown(error) => return Some(Err(Error::refused(unknown(error)))),
            Enrolled::Nameless => return None,
        };
        let record = self.log.read(place)?;
        if record.state() == State::Failed && self.again {
            return None;
        }
        let recorded = job.recorded().ok()?;
        // What is of another shape by now runs again.
        let result = shielded(|| recorded.decode(record.outcome())).ok()?;
        self.resumed.fetch_add(1, ORDER);
        Some(result)
    }

    /// Records an item's result. When this returns, a kill does not lose it.
    ///
    /// # Errors
    /// Why it is not recorded, or why earlier records may be lost by a power cut. Nothing of the item is in it.
    pub(crate) fn record<I, T, E>(
        &self,
        job: &dyn ErasedJob<I, T, E>,
        ticket: &Ticket,
        result: &Result<T, Error<E>>,
        course: &Course,
    ) -> Result<(), String> {
        if let Some(reason) = &self.nameless {
            self.unrecorded.fetch_add(1, ORDER);
            lock(&self.error).get_or_insert_with(|| reason.clone());
            return Err(reason.clone());
        }
        let Enrolled::Known(key, _) = *ticket.0 else {
            return Ok(());
        };
        let error = result.as_ref().err();
        // It did not run, so there is nothing to record.
        let idle =
            |error: &Error<_>| matches!(error.kind(), ErrorKind::Config | ErrorKind::Stopped);
        if error.is_some_and(idle) {
            return Ok(());
        }
        let attempts = match (course.seen.attempts, error) {
            (0, None) if course.seen.answered => 0,
            // A job of the user's that tells nothing of its executions.
            (0, error) => error.map_or(1, |error| error.attempts() as u32),
            (attempts, _) => attempts,
        };
        let facts = Facts {
            key,
            index: course.index,
            started: course.started,
            elapsed: course.elapsed,
            attempts,
            worker: course.seen.worker,
            state: error.map_or(State::Ok, |_| State::Failed),
        };
        let frame = shielded(|| {
            let recorded = job.recorded().map_err(|_| unrecorded())?;
            let text = error.and_then(|error| recorded.describe(error));
            self.log
                .frame(&facts, text.as_deref().unwrap_or(""), |out| {
                    recorded.encode(result.as_ref(), out)
                })
        });
        let written = match frame {
            Ok(frame) => self.log.append(&frame).map_err(|error| error.to_string()),
            Err(error) => Err(format!("a result does not become bytes ({error})")),
        };
        if let Err(reason) = &written {
            self.unrecorded.fetch_add(1, ORDER);
            lock(&self.error).get_or_insert_with(|| reason.clone());
        }
        written
    }

    /// How it went so far.
    pub(crate) fn account(&self, report: &mut Report) {
        report.resumed = self.resumed.load(ORDER);
        report.stale = self.log.stale();
        report.unrecorded = self.unrecorded.load(ORDER);
        let error = lock(&self.error).clone();
        report.journal_error = error.or_else(|| self.log.trouble());
    }

    /// No more items are taken, and those that were begun have soon ended.
    pub(crate) fn ending(&self) {
        self.log.ending();
    }

    /// Brings everything to the disk, and lets the next run have the journal.
    pub(crate) fn close(&self) {
        self.log.close();
    }
}

/// Whose journal it may be.
fn owner<I, T, E>(config: &MapConfig, job: &dyn ErasedJob<I, T, E>) -> Result<Owner, ConfigError> {
    let recorded = job.recorded()?;
    let version = config.resume_version.clone();
    // It asks the types, and those are the user's.
    let shape = shielded(|| Ok(recorded.shape())).unwrap_or(0);
    // Who gives a name vouches for it, wherever the function and its types move and whatever a compiler calls them.
    if let Some(name) = &config.resume_name {
        if name.is_empty() {
            return Err(ConfigError::new(
                "resume_name",
                "is empty",
                "give a name that no other function has, or leave it out",
            ));
        }
        return Ok(Owner {
            function: name.clone(),
            version,
            types: String::new(),
            shape,
        });
    }
    let (value, error) = (type_name::<T>(), type_name::<E>());
    Ok(Owner {
        function: recorded.function()?.into_owned(),
        version,
        types: format!("`Result<{value}, {error}>`"),
        shape,
    })
}

/// Why the run's records could not be told from those of another one.
fn nameless<I, T, E>(
    config: &MapConfig,
    job: &dyn ErasedJob<I, T, E>,
) -> Result<Option<String>, ConfigError> {
    if config.resume_name.is_some() {
        return Ok(None);
    }
    let named = job.recorded()?.is_known_by_name();
    Ok(named.err().map(|error| error.to_string()))
}

fn unrecorded() -> CodecError {
    CodecError::new("the job does not say how")
}

fn unknown(error: &CodecError) -> opero_core::Refused {
    let problem = format!("is set, and this item does not become bytes ({error})");
    unavailable(&problem, "mend its `Serialize`, or leave `resume` out").into()
}

/// Runs code of the user's, whose panic is an error like another one.
fn shielded<T>(code: impl FnOnce() -> Result<T, CodecError>) -> Result<T, CodecError> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|_| Err(CodecError::new("it panicked")))
}
