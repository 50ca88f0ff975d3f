//! Refreshes of results that serve meanwhile: one at a time for each call, and with a backoff after a failure.

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
use opero_core::{Background, Context, Instant, Key};

/// The refreshes of a cache, and a call.
type Mark = (usize, Key);

thread_local! {
    /// The refreshes that run on this thread: the calls within see them, since they run inside that very poll.
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

/// Marks that this thread refreshes, until it is dropped.
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

/// How long a call is not refreshed after a refresh failed: at first, and at most. Each further failure doubles it.
/// Meanwhile the result that is there serves on, so an outage does not cost every call an execution.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The calls that are being refreshed, and those whose refresh has failed a short time ago.
#[derive(Clone, Default)]
pub(crate) struct Refreshes(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    known: HashMap<Key, Refresh, BuildIdentity>,
    /// The next time at which pauses that are long over are dropped.
    next_purge: Instant,
}

#[derive(Default)]
struct Refresh {
    /// A ticket is out.
    is_running: bool,
    /// A result was stored after the ticket was taken.
    has_succeeded: bool,
    pause: Option<Pause>,
}

#[derive(Clone, Copy)]
struct Pause {
    until: Instant,
    length: Duration,
}

impl Refreshes {
    /// Starts a refresh of that call. Dropping it ends it, too: a refresh that ends in a panic or in its caller's timeout has
    /// failed.
    pub(crate) const fn start<'c>(&'c self, cx: Context<'c>, key: Key) -> Running<'c> {
        Running {
            refreshes: self,
            cx,
            key,
        }
    }

    /// Returns `true` if the caller runs inside a background refresh of that call.
    pub(crate) fn is_refresher(&self, key: &Key) -> bool {
        let mark = (self.id(), *key);
        MARKS
            .try_with(|marks| marks.borrow().contains(&mark))
            .unwrap_or(false)
    }

    /// Returns the job as a background refresh: it is recognised as the refresher wherever it runs.
    pub(crate) fn in_background(&self, job: Background, ticket: Ticket) -> Background {
        let mark = (self.id(), ticket.key);
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

    /// Returns what tells these refreshes from another cache's.
    fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Returns the right to refresh, unless another caller has it, or a refresh has just failed.
    pub(crate) fn acquire(&self, key: Key, now: Instant) -> Option<Ticket> {
        let mut calls = lock(&self.0);
        let call = calls.known.entry(key).or_default();
        if call.is_running || call.pause.is_some_and(|pause| pause.until > now) {
            return None;
        }
        call.is_running = true;
        call.has_succeeded = false;
        let refreshes = self.clone();
        Some(Ticket { refreshes, key })
    }

    /// Records that a result of that call was stored.
    pub(crate) fn on_success(&self, key: &Key) {
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

    /// Records the end of a refresh: it failed unless it stored a result.
    fn on_end(&self, key: Key, now: Instant) {
        let mut calls = lock(&self.0);
        let Some(call) = calls.known.get_mut(&key) else {
            return;
        };
        if call.has_succeeded {
            return;
        }
        let length = call.pause.map_or(MIN_PAUSE, |pause| pause.length * 2);
        let length = length.min(MAX_PAUSE);
        let until = now + length;
        call.pause = Some(Pause { until, length });
        if calls.next_purge <= now {
            calls.next_purge = now + MAX_PAUSE;
            calls.known.retain(|_, call| {
                let is_over = |pause: Pause| pause.until + pause.length <= now;
                call.is_running || !call.pause.is_none_or(is_over)
            });
        }
    }
}

impl fmt::Debug for Refreshes {
    /// Shows how many run, and no keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = lock(&self.0);
        let running = calls.known.values().filter(|call| call.is_running);
        running.count().fmt(f)
    }
}

/// A refresh under way. Its end is recorded when it is dropped.
pub(crate) struct Running<'c> {
    refreshes: &'c Refreshes,
    cx: Context<'c>,
    key: Key,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.refreshes.on_end(self.key, self.cx.coarse_now());
    }
}

/// The right to refresh a call. It is given back when it is dropped, even if the refresh never began.
pub(crate) struct Ticket {
    refreshes: Refreshes,
    key: Key,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut calls = lock(&self.refreshes.0);
        if let Some(call) = calls.known.get_mut(&self.key) {
            call.is_running = false;
            if call.pause.is_none() {
                calls.known.remove(&self.key);
            }
        }
    }
}
