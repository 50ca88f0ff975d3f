//! The client, and what is decorated.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::{opero, operomap, Error};

use crate::{Breaker, Tally};

/// The service did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It is busy.
    Busy,
    /// It knows no such city.
    Unknown(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the service is busy"),
            Self::Unknown(city) => write!(f, "unknown city {city}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Opens after three failures in a row of [`Client::forecast`].
pub static BREAKER: Breaker = Breaker::new();
/// How often [`summary`] was asked for.
pub static ASKED: Tally = Tally::new();

/// A client of one station.
#[derive(Debug)]
pub struct Client {
    station: &'static str,
    executions: AtomicU32,
    failures: AtomicU32,
}

impl Client {
    /// A client of `station` whose next `failures` requests meet a busy service.
    #[must_use]
    pub const fn new(station: &'static str, failures: u32) -> Self {
        Self {
            station,
            executions: AtomicU32::new(0),
            failures: AtomicU32::new(failures),
        }
    }

    /// How often it really asked.
    pub fn executions(&self) -> u32 {
        self.executions.load(Relaxed)
    }

    fn request(&self, city: &str) -> Result<String, Failure> {
        self.executions.fetch_add(1, Relaxed);
        let busy = |left: u32| left.checked_sub(1);
        if self.failures.fetch_update(Relaxed, Relaxed, busy).is_ok() {
            return Err(Failure::Busy);
        }
        match city {
            "Atlantis" => Err(Failure::Unknown(city.to_owned())),
            _ => Ok(format!("{}: rain in {city}", self.station)),
        }
    }

    /// A forecast, kept by our own backend, behind our own breaker.
    ///
    /// # Errors
    /// The service's, or the breaker's rejection.
    #[opero(
        cache_backend = "bounded",
        retries = 1,
        min_delay = "1ms",
        inside = BREAKER
    )]
    pub async fn forecast(&self, city: &str) -> Result<String, Error<Failure>> {
        Ok(self.request(city)?)
    }
}

/// Calls of two clients are the same call if they ask the same station.
impl Hash for Client {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.station.hash(state);
    }
}

/// What is known of a city: in full, or else in a word.
///
/// # Errors
/// The service's, where it does not answer in a word either.
#[opero(retries = 0, outside = ASKED)]
pub fn summary(
    client: &Client,
    city: &str,
    #[fallback("in full", "in a word")] style: &str,
) -> Result<String, Error<Failure>> {
    let report = client.request(city)?;
    Ok(format!("{report} ({style})"))
}

/// The same, with the styles of the caller's choice.
///
/// # Errors
/// The service's.
#[opero(retries = 0, cache = false, arg_fallback = "style")]
pub async fn styled(client: &Client, city: String, style: String) -> Result<String, Failure> {
    let report = client.request(&city)?;
    Ok(report + " " + &style)
}

/// What the almanac says of a city, kept in our own drawer, also for the next process.
///
/// # Errors
/// The service's.
#[opero(
    cache_backend = "drawer",
    cache_namespace = "almanac",
    cache_key = |_, city| city,
    retries = 0
)]
pub fn almanac(client: &Client, city: &str) -> Result<String, Error<Failure>> {
    Ok(client.request(city)?)
}

/// Anything in brackets, worked out once.
#[opero(cache_capacity = 100, handle = true)]
pub fn describe<T>(thing: T) -> String
where
    T: fmt::Display + Clone + Hash + Send + Sync,
{
    format!("[{thing}]")
}

/// Forecasts of many cities, on four threads.
///
/// # Errors
/// The service's.
#[operomap(
    workers = 4,
    retries = 1,
    min_delay = "1ms",
    rate_limit = "1000/s",
    progress = false
)]
pub fn reports(city: &str, client: &Client) -> Result<String, Failure> {
    client.request(city)
}

/// Forecasts of many cities, in one task.
///
/// # Errors
/// The service's.
#[operomap(retries = 0, progress = false)]
pub async fn summaries(city: String, client: &Client) -> Result<String, Error<Failure>> {
    Ok(client.forecast(&city).await?)
}
