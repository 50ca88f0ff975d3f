//! An open database, shared by all functions of the process that name its directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use opero_core::clock::real_now;
use opero_core::sync::lock;
use opero_core::{BackendError, CircuitBreaker};

use super::change::SpaceId;
use super::desk::{Desk, Late, Patience, Phase, State};
use super::directory;
use super::engine::{Engine, Fault};
use super::journal::{Frame, Journal, Kind};
use super::place::Place;
use super::space::Space;
use super::worker::Worker;

/// The journal is as long as this at most, or little more: then it is written out, however short ago the last time was.
const JOURNAL: u64 = 16 << 20;
/// So many bytes wait at most to be written out; then putting waits for the disk.
const HELD: u64 = 64 << 20;

/// The open databases of one engine, by their path.
pub(crate) type Shelf<E> = Mutex<HashMap<PathBuf, Weak<Database<E>>>>;

/// What the users hold: with the last of them, the worker ends.
#[derive(Debug)]
pub(crate) struct Database<E: Engine>(Arc<Shared<E>>);

#[derive(Debug)]
pub(super) struct Shared<E> {
    /// The engine's file or directory, and what the names of journals begin with.
    pub(super) base: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) place: Place,
    /// Bytes of records at most: the least that a user asked for.
    pub(super) max_bytes: AtomicU64,
    pub(super) engine: RwLock<Option<E>>,
    pub(super) journal: Mutex<Option<Journal>>,
    pub(super) spaces: Mutex<HashMap<SpaceId, Arc<Space>>>,
    pub(super) desk: Desk,
    pub(super) breaker: CircuitBreaker,
    /// Bytes that wait to be written out.
    pub(super) held: AtomicU64,
    /// Bytes that may be put before the room on the disk is looked at again: the engine shall not meet its end.
    pub(super) allowed: AtomicU64,
    /// The worker knows that something waits.
    pub(super) dirty: AtomicBool,
    /// Writing does not work at present.
    pub(super) refuses: AtomicBool,
}

impl<E: Engine> Database<E> {
    /// The database in a directory, which is created if need be; nothing is opened yet.
    pub(super) fn at(place: &Place) -> Result<Arc<Self>, BackendError> {
        let named = place.directory()?;
        let unusable = |error: std::io::Error| {
            let path = named.display();
            BackendError::new(format!("{path} cannot be used as a directory: {error}"))
        };
        directory::create_private(named).map_err(unusable)?;
        let directory = named.canonicalize().map_err(unusable)?;
        let mut shelf = lock(E::shelf());
        shelf.retain(|_, known| known.strong_count() > 0);
        if let Some(known) = shelf.get(&directory).and_then(Weak::upgrade) {
            known
                .0
                .max_bytes
                .fetch_min(place.max_bytes, Ordering::Relaxed);
            return Ok(known);
        }
        let new = Arc::new(Self::start(&directory, place).map_err(unusable)?);
        shelf.insert(directory, Arc::downgrade(&new));
        Ok(new)
    }

    fn start(directory: &Path, place: &Place) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            base: directory.join(E::NAME),
            directory: directory.to_owned(),
            place: place.clone(),
            max_bytes: AtomicU64::new(place.max_bytes),
            engine: RwLock::new(None),
            journal: Mutex::new(None),
            spaces: Mutex::default(),
            desk: Desk::default(),
            breaker: CircuitBreaker::new(Duration::from_millis(200), Duration::from_secs(5)),
            held: AtomicU64::new(0),
            allowed: AtomicU64::new(0),
            dirty: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
        });
        let worker = Worker::new(Arc::clone(&shared));
        thread::Builder::new()
            .name(format!("opero {}", E::SCHEME))
            .spawn(move || worker.run())?;
        Ok(Self(shared))
    }

    pub(super) fn shared(&self) -> &Shared<E> {
        &self.0
    }
}

impl<E: Engine> Drop for Database<E> {
    fn drop(&mut self) {
        self.0.desk.tell(|state| state.stop = true);
        self.0.desk.wait_for_stop(Patience::Close.limit());
    }
}

impl<E: Engine> Shared<E> {
    /// The engine, where it is open.
    #[inline]
    pub(super) fn engine(&self) -> RwLockReadGuard<'_, Option<E>> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn space(&self, id: SpaceId) -> Arc<Space> {
        let mut spaces = lock(&self.spaces);
        let space = spaces.entry(id).or_insert_with(|| Arc::new(Space::new(id)));
        Arc::clone(space)
    }

    /// The spaces in the namespace of one of them, also those that this process never asked for.
    pub(super) fn namespace_of(&self, id: SpaceId) -> Vec<Arc<Space>> {
        let spaces = lock(&self.spaces);
        let related = spaces
            .values()
            .filter(|space| space.id.is_in_namespace_of(id));
        related.cloned().collect()
    }

    /// Returns once the engine is open; has it opened if it is not.
    pub(super) async fn ready(&self) -> Result<(), BackendError> {
        if self.engine().is_some() {
            return Ok(());
        }
        // A call that waited for the opening gets the reason why it failed, such as that a damaged database was put aside. The
        // next call has it opened anew.
        let mut waited = false;
        self.wait(Patience::Call, |state| match &state.phase {
            Phase::Open => Some(Ok(())),
            Phase::Opening => {
                waited = true;
                None
            }
            Phase::Failed(reason) if waited => Some(Err(self.error(reason))),
            Phase::Closed | Phase::Failed(_) => match self.breaker.try_enter(real_now()) {
                Ok(()) => {
                    state.phase = Phase::Opening;
                    waited = true;
                    None
                }
                Err(pause) => Some(Err(self.resting(&state.phase, pause))),
            },
        })
        .await
    }

    /// Every wait for the worker.
    async fn wait(
        &self,
        patience: Patience,
        seen: impl FnMut(&mut State) -> Option<Result<(), BackendError>>,
    ) -> Result<(), BackendError> {
        match self.desk.wait(patience, seen).await {
            Ok(answer) => answer,
            Err(Late) => {
                let limit = patience.limit();
                let reason = "it is at work, and left alone until it is done";
                Err(self.error(&format!("no answer within {limit:?}: {reason}")))
            }
        }
    }

    fn resting(&self, phase: &Phase, pause: Duration) -> BackendError {
        let reason = phase.reason();
        self.error(&format!("{reason} (left alone for {pause:.1?})"))
    }

    pub(super) fn error(&self, reason: &str) -> BackendError {
        BackendError::new(format!("{}: {reason}", self.base.display()))
    }

    /// Returns once there is room for another change in memory. While nothing can be written out, nothing is put; removing
    /// goes on, as long as there is room.
    pub(super) async fn room(&self, kind: Kind) -> Result<(), BackendError> {
        let short = || self.held.load(Ordering::Relaxed) > HELD;
        let refuses = || kind == Kind::Put && self.refuses.load(Ordering::Relaxed);
        if !short() && !refuses() {
            return Ok(());
        }
        self.wait(Patience::Call, |state| match &state.unwritten {
            Some(reason) => Some(Err(self.error(reason))),
            None if state.phase != Phase::Open => Some(Err(self.error("it was closed"))),
            None if short() => {
                state.urgent = true;
                None
            }
            None => Some(Ok(())),
        })
        .await
    }

    /// Writes a frame to the journal and notes its change in memory, as one step: the journal has the changes in the order
    /// in which callers see them, none that the write-out which removes it does not bring to the engine, and what it
    /// refuses did not happen.
    pub(super) fn write_down<R>(
        &self,
        frame: &Frame,
        note: impl FnOnce() -> R,
    ) -> Result<R, BackendError> {
        let (len, noted) = {
            let mut journal = lock(&self.journal);
            let Some(journal) = journal.as_mut() else {
                return Err(self.error("it was closed"));
            };
            if !self.allowance(frame) {
                return Err(self.out_of_room());
            }
            let written = journal.append(frame);
            let len = written.map_err(|error| self.error(&error.to_string()))?;
            (len, note())
        };
        if !self.dirty.swap(true, Ordering::AcqRel) {
            self.desk.tell(|state| state.dirty = Some(Instant::now()));
        }
        if len > JOURNAL {
            self.desk.tell(|state| state.urgent = true);
        }
        Ok(noted)
    }

    #[cold]
    fn out_of_room(&self) -> BackendError {
        // What is pending makes room once it is written out.
        self.desk.tell(|state| {
            state.dirty.get_or_insert_with(Instant::now);
            state.urgent = true;
        });
        self.error(&Fault::Full.to_string())
    }

    /// Takes the frame's bytes off what is allowed, with the journal's lock.
    fn allowance(&self, frame: &Frame) -> bool {
        let taken = |allowed: u64| allowed.checked_sub(frame.len() as u64);
        let taken = self
            .allowed
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken);
        taken.is_ok()
    }

    /// A reader met this: the worker will see to it. Where writing has failed already, it does, and what can still be read
    /// shall be.
    #[cold]
    pub(super) fn report(&self, fault: &Fault) -> BackendError {
        let known = self.refuses.load(Ordering::Relaxed) && matches!(fault, Fault::Failed(_));
        if !known {
            self.desk.tell(|state| {
                state.fault.get_or_insert_with(|| fault.clone());
            });
        }
        self.error(&fault.to_string())
    }

    /// Returns once all that was put before is in the engine and on the disk, and closes it then, if asked.
    pub(super) async fn flush(&self, close: bool) -> Result<(), BackendError> {
        let ticket = self.desk.tell(|state| {
            state.close |= close;
            state.asked += 1;
            state.asked
        });
        self.wait(Patience::Close, |state| {
            (state.done >= ticket).then(|| match &state.unwritten {
                Some(reason) => Err(self.error(reason)),
                None => Ok(()),
            })
        })
        .await
    }
}
