//! What can go wrong with redis, without a word of what was asked.

use std::fmt;
use std::time::Duration;

use opero_core::BackendError;
use redis::{ErrorKind, RedisError};

/// Redis did not do what was asked.
///
/// Its text names the server's host and the kind of problem. It holds neither user nor password, nor anything that was sent
/// or answered: redis itself quotes arguments in some of its messages, so those are not shown but for their first word,
/// such as `WRONGTYPE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    place: String,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It failed a moment ago; the circuit stays open for that long.
    CircuitOpen(Duration),
    /// No connection, or a broken one.
    Broken(String),
    /// No answer in that time, nor before.
    Slow(Duration),
    /// No answer in that time, and that is all that is known.
    SlowOnce(Duration),
    /// The server's own error, by its code.
    Answer(String),
    /// An answer of a shape that was not expected.
    Shape,
    /// The request makes no sense, or opero has no thread to carry it.
    Client(String),
}

impl Error {
    pub(crate) fn new(place: &str, problem: Problem) -> Self {
        Self {
            place: place.to_owned(),
            problem,
        }
    }

    /// The first word of the server's error, such as `WRONGTYPE`, `OOM` or `ERR`, where it answered with one.
    pub fn code(&self) -> Option<&str> {
        match &self.problem {
            Problem::Answer(code) => Some(code),
            _ => None,
        }
    }

    /// Returns `true` if the server was not reached: it is down, too slow, or its circuit is open.
    pub const fn is_away(&self) -> bool {
        matches!(
            self.problem,
            Problem::CircuitOpen(_) | Problem::Broken(_) | Problem::Slow(_) | Problem::SlowOnce(_)
        )
    }

    /// Returns `true` if the request was sent, or may have been, and its answer is not known: the server may have done what
    /// was asked. Returns `false` if the server rejected it, or never got it.
    pub const fn is_uncertain(&self) -> bool {
        matches!(
            self.problem,
            Problem::Broken(_) | Problem::Slow(_) | Problem::SlowOnce(_) | Problem::Shape
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.problem {
            Problem::CircuitOpen(left) => {
                write!(
                    f,
                    "{place} failed a moment ago and is left alone for {left:.1?}"
                )
            }
            Problem::Broken(what) => write!(f, "{place} cannot be reached: {what}"),
            Problem::Slow(time) | Problem::SlowOnce(time) => {
                write!(f, "{place} did not answer within {time:.0?}")
            }
            Problem::Answer(code) => write!(f, "{place} answered {code}{}", explain(code)),
            Problem::Shape => write!(f, "{place} answered with something else than was asked for"),
            Problem::Client(what) => write!(f, "{place} was not asked: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for BackendError {
    fn from(error: Error) -> Self {
        Self::new(error.to_string())
    }
}

/// What the user can do about a code.
fn explain(code: &str) -> &'static str {
    match code {
        "OOM" => ": it is out of memory (`maxmemory`), and told not to evict",
        "NOAUTH" => ": it wants a user and a password in the URL",
        "WRONGPASS" => ": user or password are wrong",
        "NOPERM" => ": the user's ACL does not allow this",
        "LOADING" => ": it is still reading its data",
        "READONLY" => ": it is a replica",
        "MISCONF" => ": it cannot write to its disk, and rejects writes",
        "WRONGTYPE" => ": something of another type is under the key",
        _ => "",
    }
}

impl Problem {
    /// What redis-rs says, reduced to what may be shown.
    pub(crate) fn of(error: &RedisError) -> Self {
        if error.is_timeout() {
            return Self::Broken("timed out".to_owned());
        }
        match error.kind() {
            ErrorKind::Io if error.is_connection_refusal() => {
                Self::Broken("connection refused".to_owned())
            }
            ErrorKind::Io if error.is_connection_dropped() => {
                Self::Broken("the connection broke".to_owned())
            }
            // An operating system's or TLS's: of the host and its certificate, nothing that was sent.
            ErrorKind::Io => Self::Broken(error.to_string()),
            ErrorKind::Parse => Self::Broken("it does not speak redis's protocol".to_owned()),
            ErrorKind::ClusterConnectionNotFound => Self::Broken("no node answers".to_owned()),
            ErrorKind::AuthenticationFailed => Self::Answer(auth_code(error)),
            ErrorKind::UnexpectedReturnType => Self::Shape,
            ErrorKind::RESP3NotSupported => Self::Client("it does not know RESP3".to_owned()),
            _ => match error.code() {
                Some(code) => Self::Answer(plain(code)),
                None => Self::Client(format!("{:?}", error.kind())),
            },
        }
    }

    /// Whatever stands in the way of a connection keeps every call away, such as a database that is not there.
    pub(crate) fn of_connecting(self) -> Self {
        match self {
            Self::Answer(code) if !Self::Answer(code.clone()).is_outage() => {
                Self::Broken(format!("it answered {code}{}", explain(&code)))
            }
            Self::Client(what) => Self::Broken(what),
            Self::Shape => Self::Broken("it does not speak redis's protocol".to_owned()),
            problem => problem,
        }
    }

    /// Returns `true` if this opens the circuit: not where the server only rejected this one request.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Slow(_) => true,
            Self::Answer(code) => matches!(
                &**code,
                "NOAUTH" | "WRONGPASS" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN"
            ),
            Self::CircuitOpen(_) | Self::SlowOnce(_) | Self::Shape | Self::Client(_) => false,
        }
    }

    /// Returns `true` if the server is a replica, which answers reads only.
    pub(crate) fn rejects_writes(&self) -> bool {
        matches!(self, Self::Answer(code) if code == "READONLY")
    }

    /// Returns `true` if the connection is to be replaced. A replica may have been the master when it was made.
    pub(crate) fn is_of_connection(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Slow(_) | Self::SlowOnce(_) => true,
            Self::Answer(code) => matches!(&**code, "NOAUTH" | "READONLY"),
            Self::CircuitOpen(_) | Self::Shape | Self::Client(_) => false,
        }
    }
}

/// redis-rs says of every failed login that authentication failed, and quotes the server in the detail.
fn auth_code(error: &RedisError) -> String {
    let detail = error.detail().unwrap_or_default();
    let known = ["WRONGPASS", "NOAUTH", "NOPERM"];
    let known = known.into_iter().find(|code| detail.contains(code));
    known.unwrap_or("WRONGPASS").to_owned()
}

/// A code as redis writes them; whatever else a server may put there is not shown.
fn plain(code: &str) -> String {
    let is_code = code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { code } else { "ERR" }.to_owned()
}
