//! Serving what is stale, or soon will be, while one caller refreshes it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use opero_core::key::BuildIdentity;
use opero_core::sync::lock;
use opero_core::{Attempt, Background, Context, Key, Next, background};

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
            Age::Ageing | Age::Stale => self.refreshing.take(key),
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
        // Between the look and the ticket an earlier refresh may have ended.
        if let Look::Hit(found) = self.look(cx, next.outcome(), &key).await
            && found.age == Age::Fresh
        {
            return;
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

/// The calls that somebody refreshes now.
#[derive(Clone, Default)]
pub(crate) struct Tickets(Arc<Mutex<HashSet<Key, BuildIdentity>>>);

impl Tickets {
    /// The right to refresh, unless another caller has it.
    fn take(&self, key: Key) -> Option<Ticket> {
        lock(&self.0).insert(key).then(|| Ticket {
            tickets: self.clone(),
            key,
        })
    }
}

impl fmt::Debug for Tickets {
    /// How many, and no keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lock(&self.0).len().fmt(f)
    }
}

/// Given back however the refresh ends.
struct Ticket {
    tickets: Tickets,
    key: Key,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.tickets.0).remove(&self.key);
    }
}
