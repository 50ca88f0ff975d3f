//! What the worker of a database and its callers share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use opero_core::clock::real_now;
use opero_core::sync::lock;
use opero_core::{BackendError, CircuitBreaker};

use super::config::LocalConfig;
use super::engine::{Engine, Fault};
use super::id::KeyspaceId;
use super::keyspace::Keyspace;
use super::mailbox::{Mailbox, Phase, State, TimedOut, Timeout};
use super::wal::{Frame, Kind, Wal};

/// The length at which the write-ahead log is flushed, however short ago the last flush was.
const MAX_WAL_BYTES: u64 = 16 << 20;
/// The bytes that wait for a flush at most; then a put waits for the disk.
const MAX_HELD_BYTES: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct Shared<E> {
    /// The engine's file or directory, and what the names of write-ahead logs begin with.
    pub(super) base: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) config: LocalConfig,
    /// Bytes of records at most: the least that a user asked for.
    pub(super) max_bytes: AtomicU64,
    pub(super) engine: RwLock<Option<E>>,
    pub(super) wal: Mutex<Option<Wal>>,
    pub(super) keyspaces: Mutex<HashMap<KeyspaceId, Arc<Keyspace>>>,
    pub(super) mailbox: Mailbox,
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

impl<E: Engine> Shared<E> {
    pub(super) fn new(directory: &Path, config: &LocalConfig) -> Self {
        Self {
            base: directory.join(E::NAME),
            directory: directory.to_owned(),
            config: config.clone(),
            max_bytes: AtomicU64::new(config.max_bytes),
            engine: RwLock::new(None),
            wal: Mutex::new(None),
            keyspaces: Mutex::default(),
            mailbox: Mailbox::default(),
            breaker: CircuitBreaker::new(Duration::from_millis(200), Duration::from_secs(5)),
            held: AtomicU64::new(0),
            allowed: AtomicU64::new(0),
            dirty: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
        }
    }

    /// The engine, where it is open.
    #[inline]
    pub(super) fn engine(&self) -> RwLockReadGuard<'_, Option<E>> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keyspace(&self, id: KeyspaceId) -> Arc<Keyspace> {
        let mut keyspaces = lock(&self.keyspaces);
        let keyspace = keyspaces
            .entry(id)
            .or_insert_with(|| Arc::new(Keyspace::new(id)));
        Arc::clone(keyspace)
    }

    /// The keyspaces in the namespace of one of them, also those that this process never asked for.
    pub(super) fn namespace_of(&self, id: KeyspaceId) -> Vec<Arc<Keyspace>> {
        let keyspaces = lock(&self.keyspaces);
        let related = keyspaces
            .values()
            .filter(|keyspace| keyspace.id.is_in_namespace_of(id));
        related.cloned().collect()
    }

    /// Returns once the engine is open; has it opened if it is not.
    pub(super) async fn ready(&self) -> Result<(), BackendError> {
        if self.engine().is_some() {
            return Ok(());
        }
        // A call that waited for the opening gets the reason why it failed, such as that a damaged database was quarantined. The
        // next call has it opened anew.
        let mut waited = false;
        self.wait(Timeout::Call, |state| match &state.phase {
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
        timeout: Timeout,
        seen: impl FnMut(&mut State) -> Option<Result<(), BackendError>>,
    ) -> Result<(), BackendError> {
        match self.mailbox.wait(timeout, seen).await {
            Ok(answer) => answer,
            Err(TimedOut) => {
                let limit = timeout.limit();
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
        let short = || self.held.load(Ordering::Relaxed) > MAX_HELD_BYTES;
        let refuses = || kind == Kind::Put && self.refuses.load(Ordering::Relaxed);
        if !short() && !refuses() {
            return Ok(());
        }
        self.wait(Timeout::Call, |state| match &state.unwritten {
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

    /// Writes a frame to the write-ahead log and notes its change in memory, as one step: the write-ahead log has the changes in the order
    /// in which callers see them, none that the write-out which removes it does not bring to the engine, and what it
    /// refuses did not happen.
    pub(super) fn append<R>(
        &self,
        frame: &Frame,
        note: impl FnOnce() -> R,
    ) -> Result<R, BackendError> {
        let (len, noted) = {
            let mut wal = lock(&self.wal);
            let Some(wal) = wal.as_mut() else {
                return Err(self.error("it was closed"));
            };
            if !self.allowance(frame) {
                return Err(self.out_of_room());
            }
            let written = wal.append(frame);
            let len = written.map_err(|error| self.error(&error.to_string()))?;
            (len, note())
        };
        if !self.dirty.swap(true, Ordering::AcqRel) {
            self.mailbox
                .tell(|state| state.dirty = Some(Instant::now()));
        }
        if len > MAX_WAL_BYTES {
            self.mailbox.tell(|state| state.urgent = true);
        }
        Ok(noted)
    }

    #[cold]
    fn out_of_room(&self) -> BackendError {
        // What is pending makes room once it is written out.
        self.mailbox.tell(|state| {
            state.dirty.get_or_insert_with(Instant::now);
            state.urgent = true;
        });
        self.error(&Fault::Full.to_string())
    }

    /// Takes the frame's bytes off what is allowed, with the write-ahead log's lock.
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
            self.mailbox.tell(|state| {
                state.fault.get_or_insert_with(|| fault.clone());
            });
        }
        self.error(&fault.to_string())
    }

    /// Returns once all that was put before is in the engine and on the disk, and closes it then, if asked.
    pub(super) async fn flush(&self, close: bool) -> Result<(), BackendError> {
        let ticket = self.mailbox.tell(|state| {
            state.close |= close;
            state.asked += 1;
            state.asked
        });
        self.wait(Timeout::Close, |state| {
            (state.done >= ticket).then(|| match &state.unwritten {
                Some(reason) => Err(self.error(reason)),
                None => Ok(()),
            })
        })
        .await
    }
}
