//! Serving what is stale, or soon will be, while one caller refreshes it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use opero_core::key::BuildIdentity;
use opero_core::sync::lock;
use opero_core::{Attempt, Background, Context, Instant, Key, Next, background};

use crate::lead::First;
use crate::look::{Age, Found, Look};
use crate::stage::Cache;

impl Cache {
    /// Serves what was found. The first caller that finds it due has it refreshed: in the background where the call can be
    /// made again on its own, or else by waiting for the fresh value itself.
    pub(crate) async fn serve<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        found: Found,
    ) {
        let ticket = match found.age {
            Age::Fresh => None,
            Age::Ageing | Age::Stale => self.refreshing.take(key, cx.coarse_now()),
        };
        self.tell_found(cx, found.age);
        let Some(ticket) = ticket else {
            return;
        };
        if let Some(job) = next.arguments().in_background() {
            // Where too many wait already, the next caller will try.
            let _ = background::spawn(self.marked(job, ticket));
            return;
        }
        let found = next.outcome().entry(None);
        self.refresh(cx, attempt, next, key).await;
        drop(ticket);
        let outcome = next.outcome();
        if let Some(found) = found.filter(|_| !outcome.is_ok()) {
            outcome.take(&found);
        }
    }

    /// Executes in spite of what the cache has, unless somebody does already.
    pub(crate) async fn refresh<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
    ) {
        // Dropped with this future, too: a refresh that ends in a panic or in its caller's timeout has failed.
        let _ended = Ended {
            tickets: &self.refreshing,
            cx: *cx,
            key,
        };
        // Between the look and the ticket an earlier refresh may have ended.
        if let Look::Hit(found) = self.look(cx, next.outcome(), &key).await
            && found.age == Age::Fresh
        {
            return self.refreshing.succeeded(&key);
        }
        self.join(cx, attempt, next, key, First::Execute).await;
    }

    /// Is the caller the one that refreshes this call in the background?
    pub(crate) fn is_refresher(&self, key: &Key) -> bool {
        let mark = (self.address(), *key);
        MARKS
            .try_with(|marks| marks.borrow().contains(&mark))
            .unwrap_or(false)
    }

    /// The job, recognised as the refresher wherever it runs.
    fn marked(&self, job: Background, ticket: Ticket) -> Background {
        let mark = (self.address(), ticket.key);
        match job {
            Background::Async(future) => Background::Async(Box::pin(async move {
                let _ticket = ticket;
                polled_with(mark, future).await;
            })),
            Background::Blocking(run) => Background::Blocking(Box::new(move || {
                let _ticket = ticket;
                let _marked = Marked::set(mark);
                run();
            })),
        }
    }

    /// Tells this cache from others.
    fn address(&self) -> usize {
        Arc::as_ptr(&self.flights) as usize
    }
}

/// A cache and a call.
type Mark = (usize, Key);

thread_local! {
    /// What is being refreshed on this thread: the calls within see it, since they run inside that very poll.
    static MARKS: RefCell<Vec<Mark>> = const { RefCell::new(Vec::new()) };
}

async fn polled_with(mark: Mark, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
    let mut future = pin!(future);
    std::future::poll_fn(|task| -> Poll<()> {
        let _marked = Marked::set(mark);
        future.as_mut().poll(task)
    })
    .await;
}

/// Until it is dropped, this thread refreshes.
struct Marked;

impl Marked {
    fn set(mark: Mark) -> Self {
        let _ = MARKS.try_with(|marks| marks.borrow_mut().push(mark));
        Self
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        let _ = MARKS.try_with(|marks| marks.borrow_mut().pop());
    }
}

/// How long a call is not refreshed after that has failed: at first, and at most. Each further failure doubles it. Until
/// then what is there serves on, so an outage costs no execution with every call.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The calls that are being refreshed, and those whose refresh has failed a short time ago.
#[derive(Clone, Default)]
pub(crate) struct Tickets(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    known: HashMap<Key, Refresh, BuildIdentity>,
    /// When pauses that are long over are dropped the next time.
    next_purge: Instant,
}

#[derive(Default)]
struct Refresh {
    /// A ticket is out.
    is_running: bool,
    /// A result was kept since the ticket was taken.
    has_succeeded: bool,
    pause: Option<Pause>,
}

#[derive(Clone, Copy)]
struct Pause {
    until: Instant,
    length: Duration,
}

impl Tickets {
    /// The right to refresh, unless another caller has it, or a refresh has just failed.
    fn take(&self, key: Key, now: Instant) -> Option<Ticket> {
        let mut calls = lock(&self.0);
        let call = calls.known.entry(key).or_default();
        if call.is_running || call.pause.is_some_and(|pause| pause.until > now) {
            return None;
        }
        call.is_running = true;
        call.has_succeeded = false;
        let tickets = self.clone();
        Some(Ticket { tickets, key })
    }

    /// A result of that call was kept.
    pub(crate) fn succeeded(&self, key: &Key) {
        let mut calls = lock(&self.0);
        let Some(call) = calls.known.get_mut(key) else {
            return;
        };
        call.has_succeeded = true;
        call.pause = None;
        if !call.is_running {
            calls.known.remove(key);
        }
    }

    /// A refresh of that call has ended: it has failed, unless it has kept a result.
    fn ended(&self, key: Key, now: Instant) {
        let mut calls = lock(&self.0);
        let Some(call) = calls.known.get_mut(&key) else {
            return;
        };
        if call.has_succeeded {
            return;
        }
        let length = call.pause.map_or(FIRST_PAUSE, |pause| pause.length * 2);
        let length = length.min(LONGEST_PAUSE);
        let until = now + length;
        call.pause = Some(Pause { until, length });
        if calls.next_purge <= now {
            calls.next_purge = now + LONGEST_PAUSE;
            calls.known.retain(|_, call| {
                let is_over = |pause: Pause| pause.until + pause.length <= now;
                call.is_running || !call.pause.is_none_or(is_over)
            });
        }
    }
}

impl fmt::Debug for Tickets {
    /// How many are out, and no keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = lock(&self.0);
        let running = calls.known.values().filter(|call| call.is_running);
        running.count().fmt(f)
    }
}

/// Tells the tickets of the end of a refresh, however it ends.
struct Ended<'c> {
    tickets: &'c Tickets,
    cx: Context<'c>,
    key: Key,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.tickets.ended(self.key, self.cx.coarse_now());
    }
}

/// Given back however the refresh ends, also where it never began.
struct Ticket {
    tickets: Tickets,
    key: Key,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut calls = lock(&self.tickets.0);
        if let Some(call) = calls.known.get_mut(&self.key) {
            call.is_running = false;
            if call.pause.is_none() {
                calls.known.remove(&self.key);
            }
        }
    }
}
