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

/// The connections to one server.
///
/// A connection lives on one runtime and ends with it. A call uses the one on its own runtime, since a connection on another
/// would cost two wake-ups of threads more, which is as long as the answer takes.
#[derive(Default)]
pub(crate) struct Links(Mutex<Vec<(Id, State)>>);

enum State {
    Making(Link),
    Made(Link, Connection),
    /// It carries no connections: it was built without input and output.
    Unfit,
}

struct Link {
    connected: Connected,
    /// Lives as long as the connection may: until its runtime ends or this link is cut.
    task: AbortHandle,
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
        let id = runtime.id();
        let mut links = lock(&self.0);
        match links.iter().find(|(of, _)| *of == id) {
            Some((_, State::Unfit)) => return Found::Unfit,
            Some((_, State::Made(link, connection))) if !link.task.is_finished() => {
                return Found::Made(connection.clone(), link.task.id());
            }
            Some((_, State::Making(link))) if !link.task.is_finished() => {
                return Found::Making(link.connected.clone(), link.task.id());
            }
            _ => {}
        }
        // The moment to forget those whose runtime has ended.
        links.retain(|(_, state)| !state.has_ended());
        let link = Link::start(runtime, connect());
        let found = Found::New(link.connected.clone(), link.task.id());
        links.push((id, State::Making(link)));
        found
    }

    /// It is made: later calls need not wait for it.
    pub(crate) fn made(&self, id: LinkId, connection: &Connection) {
        for (_, state) in lock(&self.0).iter_mut() {
            *state = match std::mem::replace(state, State::Unfit) {
                State::Making(link) if link.task.id() == id => {
                    State::Made(link, connection.clone())
                }
                other => other,
            };
        }
    }

    /// Gives a connection up that does not work; whoever waits on it waits on.
    pub(crate) fn cut(&self, id: LinkId) {
        lock(&self.0).retain(|(_, state)| state.link().is_none_or(|link| link.task.id() != id));
    }

    /// That runtime carries no connections.
    pub(crate) fn mark_unfit(&self, runtime: Id) {
        let mut links = lock(&self.0);
        links.retain(|(of, _)| *of != runtime);
        links.push((runtime, State::Unfit));
    }
}

impl State {
    const fn link(&self) -> Option<&Link> {
        match self {
            Self::Making(link) | Self::Made(link, _) => Some(link),
            Self::Unfit => None,
        }
    }

    fn has_ended(&self) -> bool {
        self.link().is_some_and(|link| link.task.is_finished())
    }
}

impl Link {
    fn start<F>(runtime: &Handle, connect: F) -> Self
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
        Self {
            connected: connected.boxed().shared(),
            task: task.abort_handle(),
        }
    }
}
