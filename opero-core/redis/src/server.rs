//! One server: its connections, and how a call goes over one.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use opero_core::ConfigError;
use opero_core::sync::lock;
use redis::{ConnectionInfo, Value};
use tokio::runtime::Handle;

pub(crate) use crate::connection::Request;
use crate::connection::{Client, Connection};
use crate::error::Problem;
use crate::health::Health;
use crate::link::{Attempt, Connected, Found, LinkId, Links};
use crate::runtime;
use crate::timeout::{self, TimedOut};

/// What makes two servers one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) cluster: bool,
}

pub(crate) struct Server {
    place: String,
    target: Target,
    client: Client,
    links: Links,
    health: Health,
}

impl Server {
    /// The server of that target, shared by all who want it.
    pub(crate) fn shared(
        target: Target,
        info: ConnectionInfo,
        place: String,
        parameter: &'static str,
    ) -> Result<Arc<Self>, ConfigError> {
        static SERVERS: Mutex<Vec<Weak<Server>>> = Mutex::new(Vec::new());
        let mut servers = lock(&SERVERS);
        servers.retain(|server| server.strong_count() > 0);
        let known = servers.iter().filter_map(Weak::upgrade);
        if let Some(server) = known.into_iter().find(|server| server.target == target) {
            return Ok(server);
        }
        let name = info
            .redis_settings()
            .clone()
            .set_lib_name("opero", env!("CARGO_PKG_VERSION"));
        let info = info.set_redis_settings(name);
        let client = Client::new(info, target.cluster, target.connect_timeout).map_err(|_| {
            let way_out = "write `redis://host:port`";
            ConfigError::new(parameter, "has a URL that redis-rs does not take", way_out)
        })?;
        let server = Arc::new(Self {
            place,
            target,
            client,
            links: Links::default(),
            health: Health::new(),
        });
        servers.push(Arc::downgrade(&server));
        Ok(server)
    }

    /// How it may be called in messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) const fn is_cluster(&self) -> bool {
        self.target.cluster
    }

    /// Whose runtime carries this call. The connections of a cluster keep times of tokio's, which only opero's own keeps
    /// really.
    fn runtime(&self) -> std::io::Result<Handle> {
        match self.client {
            Client::One(_) => runtime::for_caller(),
            Client::Cluster(_) => runtime::own(),
        }
    }

    /// Sends a request where the circuit is closed, and records its outcome.
    pub(crate) async fn ask(
        &self,
        request: Request<'_>,
        timeout: Duration,
    ) -> Result<Value, Problem> {
        let entered = self.health.try_enter(&request);
        entered.map_err(Problem::CircuitOpen)?;
        let answer = self.ask_anyway(request, timeout).await;
        self.health.record(&request, &answer);
        answer
    }

    // Second attempts are boxed: a call that needs none should not carry room for them.
    async fn ask_anyway(&self, request: Request<'_>, timeout: Duration) -> Result<Value, Problem> {
        let runtime = self.runtime().map_err(no_thread)?;
        let first = match self.ask_on(&runtime, request, timeout).await {
            Err(Failed::Unfit) => {
                let own = runtime::own().map_err(no_thread)?;
                let second = Box::pin(self.ask_on(&own, request, timeout));
                return second.await.map_err(Failed::problem);
            }
            first => first,
        };
        match first {
            // The server closed an idle connection, or was restarted: that says nothing about a new one.
            Err(Failed::OldConnection) => {
                let second = Box::pin(self.ask_on(&runtime, request, timeout));
                second.await.map_err(Failed::problem)
            }
            first => first.map_err(Failed::problem),
        }
    }

    async fn ask_on(
        &self,
        runtime: &Handle,
        request: Request<'_>,
        timeout: Duration,
    ) -> Result<Value, Failed> {
        let (mut connection, link, was_there) = self.connection(runtime).await?;
        let answer = connection.send(request);
        let problem = match timeout::wait(runtime, timeout, || request.way(), answer).await {
            Ok(Ok(value)) => match outage_within(&value) {
                None => return Ok(value),
                Some(problem) => problem,
            },
            Ok(Err(error)) => Problem::of(&error),
            Err(timed_out) => return Err(self.timed_out(timed_out, runtime, link)),
        };
        if problem.is_of_connection() {
            self.links.cut(link);
        }
        Err(match problem {
            Problem::Broken(_) if was_there => Failed::OldConnection,
            problem => Failed::Because(problem),
        })
    }

    /// Records that no answer came in time.
    fn timed_out(&self, timed_out: TimedOut, runtime: &Handle, link: LinkId) -> Failed {
        match timed_out {
            // A caller blocks the only thread that could read the answer, and would again.
            TimedOut::Stalled(_) if self.links.mark_unfit(runtime) => Failed::Unfit,
            TimedOut::Slow(limit) | TimedOut::Stalled(limit) => {
                self.links.cut(link);
                Failed::Because(self.health.on_timeout(link, limit))
            }
        }
    }

    /// The connection on that runtime, and whether it was there before this call.
    async fn connection(&self, runtime: &Handle) -> Result<(Connection, LinkId, bool), Failed> {
        let timeout = self.target.connect_timeout;
        let connect = || connect(self.client.clone(), timeout);
        match self.links.get(runtime, connect) {
            Found::Made(connection, link) => Ok((connection, link, true)),
            // Boxed: seldom there is one to be made.
            Found::Making(connected, link) => {
                let connection = Box::pin(self.connected(runtime, connected, link));
                Ok((connection.await?, link, true))
            }
            Found::New(connected, link) => {
                let connection = Box::pin(self.connected(runtime, connected, link));
                Ok((connection.await?, link, false))
            }
            Found::Unfit => Err(Failed::Unfit),
        }
    }

    /// Waits for a connection that is being made.
    async fn connected(
        &self,
        runtime: &Handle,
        connected: Connected,
        link: LinkId,
    ) -> Result<Connection, Failed> {
        let timeout = self.target.connect_timeout;
        // The attempt has its own limit; this one is for a runtime that is not driven.
        match timeout::wait(
            runtime,
            timeout.saturating_mul(2),
            Duration::default,
            connected,
        )
        .await
        {
            Ok(Ok(connection)) => {
                self.links.made(link, &connection);
                Ok(connection)
            }
            Ok(Err(Attempt::Failed(problem))) => Err(Failed::Because(problem)),
            Ok(Err(Attempt::Unfit)) => {
                self.links.mark_unfit(runtime);
                Err(Failed::Unfit)
            }
            Ok(Err(Attempt::Lost)) => Err(Failed::Unfit),
            Err(timed_out) => Err(self.timed_out(timed_out, runtime, link)),
        }
    }
}

enum Failed {
    Because(Problem),
    /// It broke, and had been there before this call.
    OldConnection,
    /// The runtime carries no connections, or no longer.
    Unfit,
}

impl Failed {
    fn problem(self) -> Problem {
        match self {
            Self::Because(problem) => problem,
            Self::OldConnection => Problem::Broken("the connection broke".to_owned()),
            Self::Unfit => {
                Problem::Broken("the runtime that carried the connection ended".to_owned())
            }
        }
    }
}

/// On the runtime around this call.
async fn connect(client: Client, timeout: Duration) -> Result<Connection, Problem> {
    let runtime = Handle::current();
    match timeout::wait(&runtime, timeout, Duration::default, client.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(Problem::of(&error).of_connecting()),
        Err(TimedOut::Slow(limit) | TimedOut::Stalled(limit)) => Err(Problem::Slow(limit)),
    }
}

/// Among the answers to several commands, an error that concerns them all.
fn outage_within(value: &Value) -> Option<Problem> {
    let Value::Array(answers) = value else {
        return None;
    };
    let errors = answers.iter().filter_map(|answer| match answer {
        Value::ServerError(error) => Some(Problem::of(&error.clone().into())),
        _ => None,
    });
    errors
        .into_iter()
        .find(|problem| problem.is_outage() || problem.rejects_writes())
}

fn no_thread(error: std::io::Error) -> Problem {
    Problem::Client(format!("opero has no thread for it ({})", error.kind()))
}
