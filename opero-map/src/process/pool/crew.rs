//! The workers as a run's lanes see them.

use std::future::ready;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use opero_core::{
    AttemptLimit, ConfigError, Executing, Observer, RejectedKind, Remote, ThreadObserver, Waiting,
};

use super::super::buffers::{Buffers, SMALL};
use super::super::wire::MOST;
use super::call::Spare;
use super::foreman::Foreman;
use super::limit::ItemTime;
use super::office::{End, Office};
use super::pace;
use super::wakeup::Wakeup;
use crate::RemoteFunction;
use crate::executor::{Crew, Desk, Terms};
use crate::progress::WorkerOutput;

/// What workers are hired for.
pub(in super::super) struct Hiring {
    pub(super) name: String,
    pub(super) function: RemoteFunction,
    pub(super) workers: usize,
    /// How many calls of an async function a worker has at a time.
    pub(super) in_flight: usize,
    pub(super) memory: Option<u64>,
    pub(super) recycle_after: Option<u64>,
    pub(super) recycle_above: Option<u64>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    /// What happens within calls counts, for this run or for one around it.
    pub(super) counts: bool,
    /// Where workers print, if not where this program does.
    pub(super) output: Option<WorkerOutput>,
}

/// How many calls of an async function a worker has at a time, unless its user says otherwise.
const IN_FLIGHT: usize = 16;

/// More lanes than these cost more than they bring.
const MOST_LANES: usize = 4_096;

impl Hiring {
    /// What the run's parameters say.
    pub(in super::super) fn of(
        terms: &Terms<'_>,
        function: RemoteFunction,
    ) -> Result<Self, ConfigError> {
        let config = terms.config;
        let not_zero = |parameter: &'static str, value: Option<u64>| match value {
            Some(0) => Err(ConfigError::new(
                parameter,
                "is 0, so no worker could do anything",
                "give more, or leave it out",
            )),
            _ => Ok(value),
        };
        let in_flight = config.worker_in_flight.unwrap_or(IN_FLIGHT);
        not_zero("worker_in_flight", u64::try_from(in_flight).ok())?;
        Ok(Self {
            name: terms.name.to_owned(),
            function,
            workers: terms.workers,
            in_flight,
            memory: not_zero("worker_memory", config.worker_memory)?,
            recycle_after: not_zero("worker_recycle_after", config.worker_recycle_after)?,
            recycle_above: not_zero("worker_recycle_above", config.worker_recycle_above)?,
            observer: terms.observer.clone(),
            counts: terms.observer.is_some() || ThreadObserver::current().is_some(),
            output: terms.output.clone(),
        })
    }

    /// How many calls a worker may have, if they are short.
    fn most(&self) -> usize {
        match self.function.waiting {
            Waiting::Blocking => pace::MOST,
            Waiting::Async => self.in_flight,
        }
    }
}

/// Hires the workers of a run. Processes are started when there is something to do.
pub(in super::super) fn hire(hiring: Hiring) -> Result<Arc<dyn Crew>, ConfigError> {
    let unavailable = |error: std::io::Error| {
        ConfigError::new(
            "mode",
            format!("runs in processes, and what looks after them could not be started ({error})"),
            "run fewer maps at a time",
        )
    };
    let lanes = hiring.workers.saturating_mul(hiring.most());
    let lanes = lanes.min(MOST_LANES.max(hiring.workers));
    let wakeup = Wakeup::new().map_err(unavailable)?;
    let office = Arc::new(Office::new(wakeup, hiring.workers, lanes));
    let foreman = Foreman::new(hiring, Arc::clone(&office));
    thread::Builder::new()
        .name("opero-foreman".into())
        .spawn(move || foreman.run())
        .map_err(unavailable)?;
    Ok(Arc::new(Processes { office, lanes }))
}

/// The processes of one run.
struct Processes {
    office: Arc<Office>,
    lanes: usize,
}

impl Crew for Processes {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn desk(&self, lane: usize) -> Box<dyn Desk + '_> {
        Box::new(LaneDesk {
            office: &self.office,
            lane,
            ticket: AtomicBool::new(false),
            time: ItemTime::default(),
            spare: Mutex::default(),
        })
    }

    fn dismiss(&self) {
        self.office.end(End::Dismissed);
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.office.end(End::Over);
    }
}

/// The place of one lane.
struct LaneDesk<'c> {
    office: &'c Office,
    lane: usize,
    /// Has the lane an item for a worker?
    ticket: AtomicBool,
    time: ItemTime,
    spare: Mutex<Spare>,
}

impl Remote for LaneDesk<'_> {
    fn execute(&self, arguments: Vec<u8>, limit: Option<AttemptLimit>) -> Executing<'_> {
        if arguments.len() > MOST {
            let reason = format!(
                "the arguments have {} bytes, and {MOST} can pass",
                arguments.len()
            );
            let rejected = RejectedKind::Transfer { reason };
            return Box::pin(ready(Err(rejected.into())));
        }
        Box::pin(
            self.office
                .hand_in(arguments, limit, &self.time, &self.ticket, &self.spare),
        )
    }

    fn buffer(&self) -> Vec<u8> {
        match self.office.buffers.take() {
            large if large.capacity() > 0 => large,
            _ => std::mem::take(&mut lock(&self.spare).bytes),
        }
    }

    fn reuse(&self, mut buffer: Vec<u8>) {
        if Buffers::keeps(&buffer) {
            return self.office.buffers.give(buffer);
        }
        buffer.clear();
        if buffer.capacity() < SMALL {
            lock(&self.spare).bytes = buffer;
        }
    }
}

impl Desk for LaneDesk<'_> {
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.office.poll_ticket(self.lane, &self.ticket, cx)
    }

    fn item_begins(&self, limit: Duration) {
        self.time.begin(limit, Instant::now());
    }

    fn excused(&self) -> Option<Duration> {
        self.time.excused()
    }

    fn item_done(&self) {
        self.office.give_back(&self.ticket);
    }
}

impl Drop for LaneDesk<'_> {
    fn drop(&mut self) {
        self.office.give_back(&self.ticket);
    }
}
