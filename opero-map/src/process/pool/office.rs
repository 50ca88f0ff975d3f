//! Where lanes hand in calls and the foreman fetches them: all that the two share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use opero_core::sync::lock;
use opero_core::{AttemptLimit, Rejected, RejectedKind};

use super::super::buffers::Buffers;
use super::call::{Call, Calling, Reply, Spare};
use super::limit::ItemTime;
use super::wakeup::Wakeup;

/// Shared by the lanes and the foreman.
pub(super) struct Office {
    state: Mutex<State>,
    pub(super) wakeup: Wakeup,
    /// Where the large payloads of calls and outcomes are, one after the other.
    pub(super) buffers: Arc<Buffers>,
}

struct State {
    next: u64,
    handed_in: Vec<Call>,
    cancelled: Vec<u64>,
    /// Items that lanes have taken for workers and not handed in yet.
    tickets: usize,
    /// Calls handed in and not answered.
    outstanding: usize,
    /// How many tickets and outstanding calls keep the workers busy.
    capacity: usize,
    /// Lanes that could take an item and may not yet.
    waiting: VecDeque<(usize, Waker)>,
    /// Of each lane: is it among them?
    in_line: Vec<bool>,
    /// Does the foreman wait to be woken?
    asleep: bool,
    end: Option<End>,
}

/// Why no call is executed any more.
#[derive(Clone)]
pub(super) enum End {
    /// The run is over.
    Over,
    /// The run ends now: whatever its workers are at.
    Dismissed,
    /// There are no workers to be had.
    Failed(Rejected),
}

/// What the foreman fetches.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) calls: Vec<Call>,
    pub(super) cancelled: Vec<u64>,
    pub(super) end: Option<End>,
}

impl Office {
    pub(super) fn new(wakeup: Wakeup, capacity: usize, lanes: usize) -> Self {
        Self {
            state: Mutex::new(State {
                next: 1,
                handed_in: Vec::new(),
                cancelled: Vec::new(),
                tickets: 0,
                outstanding: 0,
                capacity,
                waiting: VecDeque::new(),
                in_line: vec![false; lanes],
                asleep: false,
                end: None,
            }),
            wakeup,
            buffers: Arc::default(),
        }
    }

    /// Hands in a call. Its lane's ticket, if it has one, is used up.
    pub(super) fn hand_in<'o>(
        &'o self,
        arguments: Vec<u8>,
        limit: Option<AttemptLimit>,
        time: &'o ItemTime,
        ticket: &AtomicBool,
        spare: &'o Mutex<Spare>,
    ) -> Calling<'o> {
        let answer = lock(spare).answer();
        let handed_in = Instant::now();
        let limit = time.hand_in(limit, handed_in);
        let mut state = lock(&self.state);
        let id = state.next;
        state.next += 1;
        if take(ticket) {
            state.tickets -= 1;
        }
        match &state.end {
            Some(end) => answer.set(Err(end.rejection())),
            None => {
                state.outstanding += 1;
                state.handed_in.push(Call {
                    id,
                    arguments: arguments.into(),
                    limit,
                    handed_in,
                    reply: Reply::new(&answer),
                    mourned: 0,
                });
                self.rouse(state);
            }
        }
        Calling {
            office: self,
            id,
            answer,
            answered: false,
            time,
            spare,
        }
    }

    /// Nobody waits for that call any more.
    pub(super) fn cancel(&self, id: u64) {
        let mut state = lock(&self.state);
        if state.end.is_none() {
            state.cancelled.push(id);
            self.rouse(state);
        }
    }

    /// Takes a ticket for another item, once the workers could do with one.
    pub(super) fn poll_ticket(
        &self,
        lane: usize,
        ticket: &AtomicBool,
        cx: &Context<'_>,
    ) -> Poll<()> {
        if ticket.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        let mut state = lock(&self.state);
        // After the end items are rejected, and nothing is gained by holding them up.
        if state.end.is_some() {
            return Poll::Ready(());
        }
        let has_room = state.has_room();
        if std::mem::replace(&mut state.in_line[lane], !has_room) {
            // Woken by something else: its old place would take the wake-up of a lane that waits.
            state.waiting.retain(|(other, _)| *other != lane);
        }
        if has_room {
            state.tickets += 1;
            ticket.store(true, Ordering::Relaxed);
            return Poll::Ready(());
        }
        state.waiting.push_back((lane, cx.waker().clone()));
        Poll::Pending
    }

    /// Gives a ticket back that led to no call, such as that of a hit.
    pub(super) fn give_back(&self, ticket: &AtomicBool) {
        if take(ticket) {
            let mut state = lock(&self.state);
            state.tickets -= 1;
            state.admit();
        }
    }

    /// So many calls have been answered, and the workers could do with so many at a time.
    pub(super) fn answered(&self, calls: usize, capacity: usize) {
        let mut state = lock(&self.state);
        state.outstanding = state.outstanding.saturating_sub(calls);
        state.capacity = capacity;
        state.admit();
    }

    /// Ends it; what has ended already stays so, but a run that is over can still be dismissed.
    pub(super) fn end(&self, end: End) {
        let mut state = lock(&self.state);
        if matches!(state.end, None | Some(End::Over)) {
            state.end = Some(end);
        }
        for (_, waker) in state.waiting.drain(..) {
            waker.wake();
        }
        drop(state);
        self.wakeup.wake();
    }

    /// What was handed in since the last time. With nothing, the foreman is taken to go to sleep if it says so.
    pub(super) fn fetch(&self, into: &mut Fetched, sleep: bool) {
        let mut state = lock(&self.state);
        std::mem::swap(&mut into.calls, &mut state.handed_in);
        std::mem::swap(&mut into.cancelled, &mut state.cancelled);
        into.end.clone_from(&state.end);
        let nothing = into.calls.is_empty() && into.cancelled.is_empty() && into.end.is_none();
        state.asleep = sleep && nothing;
    }

    fn rouse(&self, mut state: std::sync::MutexGuard<'_, State>) {
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.wakeup.wake();
        }
    }
}

/// Takes the ticket, if there is one. Its lane alone does so: there is nothing to be exchanged with others.
fn take(ticket: &AtomicBool) -> bool {
    let there = ticket.load(Ordering::Relaxed);
    if there {
        ticket.store(false, Ordering::Relaxed);
    }
    there
}

impl State {
    fn has_room(&self) -> bool {
        self.tickets + self.outstanding < self.capacity
    }

    /// Wakes as many lanes as there is room for.
    fn admit(&mut self) {
        let room = self
            .capacity
            .saturating_sub(self.tickets + self.outstanding);
        for _ in 0..room {
            let Some((lane, waker)) = self.waiting.pop_front() else {
                return;
            };
            self.in_line[lane] = false;
            waker.wake();
        }
    }
}

impl End {
    pub(super) fn rejection(&self) -> Rejected {
        match self {
            Self::Over | Self::Dismissed => RejectedKind::Stopped.into(),
            Self::Failed(rejected) => rejected.clone(),
        }
    }
}
