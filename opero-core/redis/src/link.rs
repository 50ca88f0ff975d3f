//! One connection for each runtime that callers live on.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use opero_core::sync::lock;
use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use tokio::task::{self, AbortHandle};

use crate::connection::Connection;
use crate::error::Problem;
use crate::runtime::is_own;

/// The connections to one server.
///
/// A connection lives on one runtime and ends with it. A call uses the one on its own runtime, since a connection on another
/// would cost two wake-ups of threads more, which is as long as the answer takes.
#[derive(Default)]
pub(crate) struct Links(Mutex<Vec<Link>>);

/// What is known of one runtime.
struct Link {
    runtime: Id,
    state: State,
    /// Lives as long as the connection may, until its runtime ends or this link is cut; where there is none, as long as the
    /// runtime, so that nothing is remembered of one that has ended.
    task: AbortHandle,
}

enum State {
    Making(Connected),
    Made(Connection),
    /// It carries no connections: it was built without input and output, or stands still while its callers wait.
    Unfit,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a call finds on its runtime.
pub(crate) enum Found {
    Made(Connection, LinkId),
    /// To be waited for.
    Making(Connected, LinkId),
    /// To be waited for too, and begun by this call.
    New(Connected, LinkId),
    /// The runtime carries none.
    Unfit,
}

/// Tells a link from those that replace it.
pub(crate) type LinkId = task::Id;

/// All callers wait for one attempt, and none of them can cancel it.
pub(crate) type Connected = Shared<BoxFuture<'static, Result<Connection, Attempt>>>;

/// Why there is no connection.
#[derive(Debug, Clone)]
pub(crate) enum Attempt {
    Failed(Problem),
    /// The runtime cannot make any.
    Unfit,
    /// The runtime ended, or the attempt was cut.
    Lost,
}

impl Links {
    /// The connection on that runtime; where there is none, it is made.
    pub(crate) fn get<F>(&self, runtime: &Handle, connect: impl FnOnce() -> F) -> Found
    where
        F: Future<Output = Result<Connection, Problem>> + Send + 'static,
    {
        let mut links = lock(&self.0);
        let of_runtime = |link: &&Link| link.runtime == runtime.id() && !link.task.is_finished();
        if let Some(link) = links.iter().find(of_runtime) {
            let id = link.task.id();
            return match &link.state {
                State::Made(connection) => Found::Made(connection.clone(), id),
                State::Making(connected) => Found::Making(connected.clone(), id),
                State::Unfit => Found::Unfit,
            };
        }
        // The moment to forget those whose runtime has ended.
        links.retain(|link| !link.task.is_finished());
        let (link, connected) = Link::start(runtime, connect());
        let found = Found::New(connected, link.task.id());
        links.push(link);
        found
    }

    /// It is made: later calls need not wait for it.
    pub(crate) fn made(&self, id: LinkId, connection: &Connection) {
        let mut links = lock(&self.0);
        if let Some(link) = links.iter_mut().find(|link| link.task.id() == id) {
            link.state = State::Made(connection.clone());
        }
    }

    /// Drops a connection that does not work; callers that wait on it wait on.
    pub(crate) fn cut(&self, id: LinkId) {
        lock(&self.0).retain(|link| link.task.id() != id);
    }

    /// That runtime carries no connections. Returns `false` for opero's own, the last one that is left.
    pub(crate) fn mark_unfit(&self, runtime: &Handle) -> bool {
        if is_own(runtime) {
            return false;
        }
        let unfit = Link {
            runtime: runtime.id(),
            state: State::Unfit,
            task: runtime.spawn(std::future::pending::<()>()).abort_handle(),
        };
        let mut links = lock(&self.0);
        links.retain(|link| link.runtime != unfit.runtime);
        links.push(unfit);
        true
    }
}

impl Link {
    fn start<F>(runtime: &Handle, connect: F) -> (Self, Connected)
    where
        F: Future<Output = Result<Connection, Problem>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let task = runtime.spawn(async move {
            // Tokio panics where a runtime was built without input and output.
            let connected = match AssertUnwindSafe(connect).catch_unwind().await {
                Ok(connected) => connected.map_err(Attempt::Failed),
                Err(_) => Err(Attempt::Unfit),
            };
            let worked = connected.is_ok();
            let _ = sender.send(connected);
            if worked {
                std::future::pending::<()>().await;
            }
        });
        let connected = receiver.map(|sent| sent.unwrap_or(Err(Attempt::Lost)));
        let connected = connected.boxed().shared();
        let link = Self {
            runtime: runtime.id(),
            state: State::Making(connected.clone()),
            task: task.abort_handle(),
        };
        (link, connected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::runtime::Builder;

    #[test]
    fn nothing_is_remembered_of_runtimes_that_have_ended() {
        let links = Links::default();
        for _ in 0..100 {
            let bare = Builder::new_current_thread().build().unwrap();
            assert!(matches!(links.get(bare.handle(), pending), Found::New(..)));
            assert!(links.mark_unfit(bare.handle()));
            assert!(matches!(links.get(bare.handle(), pending), Found::Unfit));
        }
        assert!(lock(&links.0).len() <= 2);
    }

    #[test]
    fn operos_own_runtime_is_never_given_up() {
        let links = Links::default();
        let own = crate::runtime::own().unwrap();
        assert!(!links.mark_unfit(&own));
        assert!(matches!(links.get(&own, pending), Found::New(..)));
    }
}
