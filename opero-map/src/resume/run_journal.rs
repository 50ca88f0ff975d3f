use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use opero_core::sync::lock;
use opero_core::{CodecError, ConfigError, Error, ErrorKind, Key};

use super::journal::{Log, Owner, RecordLocation, RecordMetadata, State, inspect};
use super::{ItemRecord, resume_error};
use crate::config::MapConfig;
use crate::erased::ErasedJob;
use crate::report::Report;

/// The journal of a run.
pub(crate) struct RunJournal {
    log: Log,
    again: bool,
    /// Why nothing is recorded or looked up, if so.
    unnamed: Option<String>,
    resumed: AtomicU64,
    unrecorded: AtomicU64,
    /// Why the first of them was not recorded.
    error: Mutex<Option<String>>,
}

/// The key of an item in the journal. Boxed, so that items without a journal carry no more than a
/// pointer.
pub(crate) struct JournalKey(Box<KeyState>);

enum KeyState {
    Known(Key, Option<RecordLocation>),
    /// It cannot be encoded, so a later run could not find it.
    Unserializable(CodecError),
    /// Nothing of the run is recorded.
    Unnamed,
}

const ORDER: Ordering = Ordering::Relaxed;

impl RunJournal {
    /// Checks that the run can have its journal. Changes nothing.
    pub(crate) fn check<I, T, E>(
        config: &MapConfig,
        job: &dyn ErasedJob<I, T, E>,
    ) -> Result<(), ConfigError> {
        let Some(path) = &config.resume else {
            return Ok(());
        };
        inspect(path, &owner(config, job)?)
    }

    /// Opens the journal at the path of `resume`.
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
            unnamed: unnamed(config, job)?,
            resumed: AtomicU64::new(0),
            unrecorded: AtomicU64::new(0),
            error: Mutex::new(None),
        }))
    }

    /// Returns the key of an item, in the order of the input.
    pub(crate) fn key<I, T, E>(&self, job: &dyn ErasedJob<I, T, E>, item: &I) -> JournalKey {
        if self.unnamed.is_some() {
            return JournalKey(Box::new(KeyState::Unnamed));
        }
        let contents = self.log.contents();
        // `Serialize` is the user's, and this is no place for a panic of theirs: others wait for
        // the input.
        let key = catch_user_panic(|| {
            let codec = job.record_codec().map_err(|_| unrecorded())?;
            let key = contents.key_with(|out| Some(codec.key(item, out)));
            key.unwrap_or_else(|| Err(unrecorded()))
        });
        JournalKey(Box::new(match key {
            Ok(content) => {
                let (key, location) = self.log.next_item(content);
                KeyState::Known(key, location)
            }
            Err(error) => KeyState::Unserializable(error),
        }))
    }

    /// Returns the result of an item that needs no run: an earlier run's, or the error of one that
    /// cannot be recorded.
    pub(crate) fn lookup<I, T, E>(
        &self,
        job: &dyn ErasedJob<I, T, E>,
        key: &JournalKey,
    ) -> Option<Result<T, Error<E>>> {
        let location = match &*key.0 {
            KeyState::Known(_, location) => (*location)?,
            KeyState::Unserializable(error) => return Some(Err(Error::rejected(unknown(error)))),
            KeyState::Unnamed => return None,
        };
        let record = self.log.read(location)?;
        if record.state() == State::Failed && self.again {
            return None;
        }
        let codec = job.record_codec().ok()?;
        // What is of another shape by now runs again.
        let result = catch_user_panic(|| codec.decode(record.outcome())).ok()?;
        self.resumed.fetch_add(1, ORDER);
        Some(result)
    }

    /// Records an item's result. When this returns, a kill does not lose it.
    ///
    /// # Errors
    /// Why it is not recorded, or why earlier records may be lost by a power cut. Nothing of the
    /// item is in it.
    pub(crate) fn record<I, T, E>(
        &self,
        job: &dyn ErasedJob<I, T, E>,
        key: &JournalKey,
        result: &Result<T, Error<E>>,
        item: &ItemRecord,
    ) -> Result<(), String> {
        if let Some(reason) = &self.unnamed {
            self.unrecorded.fetch_add(1, ORDER);
            lock(&self.error).get_or_insert_with(|| reason.clone());
            return Err(reason.clone());
        }
        let KeyState::Known(key, _) = *key.0 else {
            return Ok(());
        };
        let error = result.as_ref().err();
        // It did not run, so there is nothing to record.
        let idle =
            |error: &Error<_>| matches!(error.kind(), ErrorKind::Config | ErrorKind::Stopped);
        if error.is_some_and(idle) {
            return Ok(());
        }
        let attempts = match (item.trace.attempts, error) {
            (0, None) if item.trace.answered => 0,
            // A job of the user's that tells nothing of its executions.
            (0, error) => error.map_or(1, |error| error.attempts() as u32),
            (attempts, _) => attempts,
        };
        let metadata = RecordMetadata {
            key,
            index: item.index,
            started: item.started,
            elapsed: item.elapsed,
            attempts,
            worker: item.trace.worker,
            state: error.map_or(State::Ok, |_| State::Failed),
        };
        let frame = catch_user_panic(|| {
            let codec = job.record_codec().map_err(|_| unrecorded())?;
            let text = error.and_then(|error| codec.describe(error));
            self.log
                .frame(&metadata, text.as_deref().unwrap_or(""), |out| {
                    codec.encode(result.as_ref(), out)
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

    /// Adds the figures of the journal to the report.
    pub(crate) fn add_to(&self, report: &mut Report) {
        report.resumed = self.resumed.load(ORDER);
        report.stale = self.log.stale();
        report.unrecorded = self.unrecorded.load(ORDER);
        let error = lock(&self.error).clone();
        report.journal_error = error.or_else(|| self.log.sync_error());
    }

    /// Announces that no more items are taken.
    pub(crate) fn announce_end(&self) {
        self.log.announce_end();
    }

    /// Syncs everything to the disk, and releases the journal for the next run.
    pub(crate) fn close(&self) {
        self.log.close();
    }
}

/// Returns the owner of the run's journal.
fn owner<I, T, E>(config: &MapConfig, job: &dyn ErasedJob<I, T, E>) -> Result<Owner, ConfigError> {
    let codec = job.record_codec()?;
    let version = config.resume_version.clone();
    // It asks the types, and those are the user's.
    let shape = catch_user_panic(|| Ok(codec.shape())).unwrap_or(0);
    // Who gives a name vouches for it, wherever the function and its types move and whatever a
    // compiler calls them.
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
        function: codec.function()?.into_owned(),
        version,
        types: format!("`Result<{value}, {error}>`"),
        shape,
    })
}

/// Returns why the run's records could not be told from another function's.
fn unnamed<I, T, E>(
    config: &MapConfig,
    job: &dyn ErasedJob<I, T, E>,
) -> Result<Option<String>, ConfigError> {
    if config.resume_name.is_some() {
        return Ok(None);
    }
    let named = job.record_codec()?.is_known_by_name();
    Ok(named.err().map(|error| error.to_string()))
}

fn unrecorded() -> CodecError {
    CodecError::new("the job does not say how")
}

fn unknown(error: &CodecError) -> opero_core::Rejected {
    let problem = format!("is set, and this item does not become bytes ({error})");
    resume_error(&problem, "mend its `Serialize`, or leave `resume` out").into()
}

/// Runs the user's code, and turns a panic into an error.
fn catch_user_panic<T>(code: impl FnOnce() -> Result<T, CodecError>) -> Result<T, CodecError> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|_| Err(CodecError::new("it panicked")))
}
