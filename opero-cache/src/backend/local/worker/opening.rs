//! Opening the engine, closing it, and quarantining a damaged one.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLockWriteGuard};
use std::time::{Duration, Instant};

use opero_core::clock::real_now;
use opero_core::sync::lock;

use super::Worker;
use crate::backend::local::directory::{can_write, has_resources, identity, room};
use crate::backend::local::engine::{Engine, Fault, guarded};
use crate::backend::local::id::KeyspaceId;
use crate::backend::local::mailbox::Phase;
use crate::backend::local::restore::{self, Recovered};

/// A database that was found damaged.
pub(super) struct Suspect {
    since: Instant,
    identity: Option<(u64, u64)>,
}

impl Suspect {
    fn is_recent(&self) -> bool {
        const RECENT: Duration = Duration::from_secs(60);
        self.since.elapsed() < RECENT
    }
}

impl<E: Engine> Worker<E> {
    /// Opens the engine, and tells those who wait for it.
    pub(super) fn open(&mut self) -> Result<(), Fault> {
        let mut opened = self.try_open();
        if let Err(Fault::Damaged(_)) = opened {
            // Once more, and at once: the program may be over before a call asks again.
            self.suspect();
            opened = self.try_open();
        }
        let (phase, result) = match opened {
            Ok(recovered) => {
                self.install(recovered);
                self.shared.breaker.on_success();
                (Phase::Open, Ok(()))
            }
            Err(fault) => (Phase::Failed(self.reason(&fault)), Err(fault)),
        };
        if self.stuck.is_some() {
            self.postpone();
        }
        self.shared
            .refuses
            .store(self.stuck.is_some(), Ordering::Relaxed);
        let left_over = self.shared.held.load(Ordering::Relaxed) > 0;
        self.shared.mailbox.publish(|state| {
            state.phase = phase;
            state.unwritten.clone_from(&self.stuck);
            // What readers met was the engine of before.
            state.fault = None;
            if left_over {
                state.dirty = Some(Instant::now());
            }
        });
        result
    }

    fn try_open(&self) -> Result<Recovered<E>, Fault> {
        restore::open::<E>(&self.shared.base, &self.shared.config.tuning)
    }

    /// Notes that the database was found damaged. Found so again before long, it is quarantined.
    fn suspect(&mut self) {
        self.suspected = Some(Suspect {
            since: Instant::now(),
            identity: identity(&self.shared.base),
        });
    }

    fn install(&mut self, recovered: Recovered<E>) {
        self.is_poisoned = false;
        self.totals = recovered.totals;
        self.stuck = recovered.stuck;
        for (id, totals) in &self.totals {
            if *id == KeyspaceId::APPLIED {
                continue;
            }
            let keyspace = self.shared.keyspace(*id);
            keyspace.entries.store(totals.entries, Ordering::Relaxed);
        }
        let room = room(
            &self.shared.directory,
            self.shared.held.load(Ordering::Relaxed),
        );
        self.shared
            .allowed
            .store(room.unwrap_or(0), Ordering::Relaxed);
        *lock(&self.shared.wal) = Some(recovered.wal);
        *self.engine_mut() = Some(recovered.engine);
    }

    /// What callers are told of a fault, and when they may ask again. A database that is found damaged is opened once more,
    /// since a full disk or a bug may look like that, and quarantined if it is found so again. Then the next call has a new one at
    /// once.
    fn reason(&mut self, fault: &Fault) -> String {
        let Fault::Damaged(what) = fault else {
            self.shared.breaker.on_failure(real_now());
            return fault.to_string();
        };
        let suspected = self.suspected.take().filter(Suspect::is_recent);
        let Some(suspect) = suspected else {
            self.suspect();
            self.shared.breaker.on_success();
            return format!("{fault}; it is opened once more");
        };
        let directory = &self.shared.directory;
        let outcome = if identity(&self.shared.base) != suspect.identity {
            Ok("another process has quarantined it".to_owned())
        } else if room(directory, 0).is_none() || !can_write(directory) {
            Err(Fault::Full.to_string())
        } else if !has_resources(directory) {
            Err("threads, memory or files are short".to_owned())
        } else {
            restore::quarantine_database(&self.shared.base)
        };
        match outcome {
            Ok(done) => {
                self.shared.breaker.on_success();
                format!("it was damaged ({what}), and {done}")
            }
            Err(obstacle) => {
                self.shared.breaker.on_failure(real_now());
                format!("{fault}; it is left alone: {obstacle}")
            }
        }
    }

    fn engine_mut(&self) -> RwLockWriteGuard<'_, Option<E>> {
        let engine = self.shared.engine.write();
        engine.unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes write-ahead log and engine. What is in the write-ahead log stays for the next opening.
    pub(super) fn shut(&mut self) {
        if let Some(wal) = lock(&self.shared.wal).take()
            && wal.is_empty()
        {
            let _ = std::fs::remove_file(wal.path());
        }
        self.written.clear();
        let engine = self.engine_mut().take();
        // A damaged engine may panic even here.
        let _ = guarded(|| {
            drop(engine);
            Ok(())
        });
    }

    pub(super) fn give_up(&mut self, fault: &Fault) {
        self.shut();
        let reason = self.reason(fault);
        self.shared
            .mailbox
            .publish(|state| state.phase = Phase::Failed(reason));
    }
}
