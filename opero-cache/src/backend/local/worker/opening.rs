//! Opening the engine, and giving it up.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLockWriteGuard};
use std::time::{Duration, Instant};

use opero_core::clock::real_now;
use opero_core::sync::lock;

use super::Worker;
use crate::backend::local::change::SpaceId;
use crate::backend::local::desk::Phase;
use crate::backend::local::directory::room;
use crate::backend::local::engine::{Engine, Fault, guarded};
use crate::backend::local::recovery::{self, Recovered};

impl<E: Engine> Worker<E> {
    /// Opens the engine, and tells those who wait for it.
    pub(super) fn open(&mut self) -> Result<(), Fault> {
        let opened = recovery::open::<E>(&self.shared.base, &self.shared.place.tuning);
        let (phase, result) = match opened {
            Ok(recovered) => {
                self.install(recovered);
                self.shared.cool.succeeded();
                (Phase::Open, Ok(()))
            }
            Err(fault) => {
                self.shared.cool.failed(real_now());
                (Phase::Failed(self.reason(&fault)), Err(fault))
            }
        };
        if self.stuck.is_some() {
            self.postpone();
        }
        self.shared
            .refuses
            .store(self.stuck.is_some(), Ordering::Relaxed);
        let left_over = self.shared.held.load(Ordering::Relaxed) > 0;
        self.shared.desk.publish(|state| {
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

    fn install(&mut self, recovered: Recovered<E>) {
        self.spoilt = false;
        self.totals = recovered.totals;
        self.stuck = recovered.stuck;
        for (id, totals) in &self.totals {
            if *id == SpaceId::APPLIED {
                continue;
            }
            let space = self.shared.space(*id);
            space.entries.store(totals.entries, Ordering::Relaxed);
        }
        let room = room(
            &self.shared.directory,
            self.shared.held.load(Ordering::Relaxed),
        );
        self.shared
            .allowed
            .store(room.unwrap_or(0), Ordering::Relaxed);
        *lock(&self.shared.journal) = Some(recovered.journal);
        *self.engine_mut() = Some(recovered.engine);
    }

    /// What callers are told of a fault. A database that is found damaged is opened once more, since a full disk or a bug
    /// may look like that, and put aside if it is found so again.
    fn reason(&mut self, fault: &Fault) -> String {
        const AGAIN: Duration = Duration::from_secs(60);
        let Fault::Damaged(what) = fault else {
            return fault.to_string();
        };
        let suspected = self.suspected.replace(Instant::now());
        let again = suspected.is_some_and(|before| before.elapsed() < AGAIN);
        if !again || room(&self.shared.directory, 0).is_none() {
            return format!("{fault}; it is opened once more");
        }
        self.suspected = None;
        recovery::give_up(&self.shared.base, what)
    }

    fn engine_mut(&self) -> RwLockWriteGuard<'_, Option<E>> {
        let engine = self.shared.engine.write();
        engine.unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes journal and engine. What is in the journal stays for the next opening.
    pub(super) fn shut(&mut self) {
        if let Some(journal) = lock(&self.shared.journal).take()
            && journal.is_empty()
        {
            let _ = std::fs::remove_file(journal.path());
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
        self.shared.cool.failed(real_now());
        let reason = self.reason(fault);
        self.shared
            .desk
            .publish(|state| state.phase = Phase::Failed(reason));
    }
}
