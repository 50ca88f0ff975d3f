//! One connection for each runtime that callers live on.

use std::sync::Mutex;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use opero_core::sync::lock;
use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::connection::Connection;
use crate::error::Problem;

/// The connections to one server.
///
/// A connection lives on one runtime and ends with it. A call uses the one on its own runtime, since a connection on another
/// would cost two wake-ups of threads more, which is as long as the answer takes.
#[derive(Default)]
pub(crate) struct Links(Mutex<Vec<(Id, State)>>);

enum State {
    Linked(Link),
    /// It carries no connections: it was built without input and output.
    Unfit,
}

/// A connection that is there or is being made.
#[derive(Clone)]
pub(crate) struct Link {
    connected: Connected,
    /// Lives as long as the connection may: until its runtime ends or this link is cut.
    task: AbortHandle,
}

/// All callers wait for one attempt, and none of them can cancel it.
pub(crate) type Connected = Shared<BoxFuture<'static, Result<Connection, Attempt>>>;

/// Why there is no connection.
#[derive(Debug, Clone)]
pub(crate) enum Attempt {
    Failed(Problem),
    /// Its task ended without a word.
    Lost,
}

impl Links {
    /// The link on that runtime, and whether it was there before; `None` where that runtime carries none.
    pub(crate) fn get<F>(
        &self,
        runtime: &Handle,
        connect: impl FnOnce() -> F,
    ) -> Option<(Link, bool)>
    where
        F: Future<Output = Result<Connection, Problem>> + Send + 'static,
    {
        let id = runtime.id();
        let mut links = lock(&self.0);
        match links.iter().find(|(of, _)| *of == id) {
            Some((_, State::Unfit)) => return None,
            Some((_, State::Linked(link))) if !link.task.is_finished() => {
                return Some((link.clone(), true));
            }
            _ => {}
        }
        // The moment to forget those whose runtime has ended.
        links.retain(|(_, state)| match state {
            State::Linked(link) => !link.task.is_finished(),
            State::Unfit => true,
        });
        let link = Link::start(runtime, connect());
        links.push((id, State::Linked(link.clone())));
        Some((link, false))
    }

    /// Gives a connection up that does not work; whoever waits on it waits on.
    pub(crate) fn cut(&self, link: &Link) {
        lock(&self.0).retain(|(_, state)| match state {
            State::Linked(other) => other.task.id() != link.task.id(),
            State::Unfit => true,
        });
        link.task.abort();
    }

    /// That runtime carries no connections.
    pub(crate) fn mark_unfit(&self, runtime: Id) {
        let mut links = lock(&self.0);
        links.retain(|(of, _)| *of != runtime);
        links.push((runtime, State::Unfit));
    }
}

impl Link {
    fn start<F>(runtime: &Handle, connect: F) -> Self
    where
        F: Future<Output = Result<Connection, Problem>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let task = runtime.spawn(async move {
            let connected = connect.await.map_err(Attempt::Failed);
            let worked = connected.is_ok();
            let _ = sender.send(connected);
            if worked {
                std::future::pending::<()>().await;
            }
        });
        let connected = receiver.map(|sent| sent.unwrap_or(Err(Attempt::Lost)));
        Self {
            connected: connected.boxed().shared(),
            task: task.abort_handle(),
        }
    }

    pub(crate) fn connected(&self) -> Connected {
        self.connected.clone()
    }
}
