//! Values as users write them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use opero_core::{BackendUri, ConfigError, units};

/// A duration as it was written: a number of seconds, a human text, or a `Duration`.
///
/// ```
/// use opero::extend::types::Time;
/// use std::time::Duration;
///
/// assert_eq!(Time::from(0.25).resolve("min_delay").unwrap(), Duration::from_millis(250));
/// assert_eq!(Time::from("250ms").resolve("min_delay").unwrap(), Duration::from_millis(250));
/// assert_eq!(
///     Time::from(-1.0).resolve("min_delay").unwrap_err().to_string(),
///     "`min_delay` = -1 is negative: give a number of seconds from 0 on, or a text like \"250ms\""
/// );
/// ```
#[derive(Clone, PartialEq)]
pub enum Time {
    /// A number of seconds.
    Seconds(f64),
    /// A text such as `"250ms"` or `"1h"`.
    Text(Cow<'static, str>),
    /// A duration.
    Exact(Duration),
}

/// The text for no expiry.
#[cfg(feature = "cache")]
const FOREVER: &str = "forever";

impl Time {
    /// The duration.
    ///
    /// # Errors
    /// Names `parameter` and what is wrong with the value.
    pub fn resolve(&self, parameter: &str) -> Result<Duration, ConfigError> {
        let (value, result) = match self {
            Self::Exact(duration) => return Ok(*duration),
            Self::Seconds(seconds) => (seconds.to_string(), units::seconds(*seconds)),
            Self::Text(text) => (shown(text), units::duration(text)),
        };
        result.map_err(|problem| {
            let way_out = "give a number of seconds from 0 on, or a text like \"250ms\"";
            wrong(parameter, &value, problem, way_out)
        })
    }

    /// The duration, or `None` for `"forever"`.
    #[cfg(feature = "cache")]
    pub(crate) fn resolve_expiry(&self, parameter: &str) -> Result<Option<Duration>, ConfigError> {
        match self {
            Self::Text(text) if text.trim() == FOREVER => Ok(None),
            _ => self.resolve(parameter).map(Some),
        }
    }
}

/// Resolves a time that may be left out.
#[cfg(any(feature = "cache", feature = "retry", feature = "ratelimit"))]
pub(crate) fn optional(
    time: Option<&Time>,
    parameter: &str,
) -> Result<Option<Duration>, ConfigError> {
    time.map(|time| time.resolve(parameter)).transpose()
}

/// A rate as it was written: starts per second, a text such as `"100/min"`, or the time between two starts.
///
/// ```
/// use opero::extend::types::Rate;
/// use std::time::Duration;
///
/// assert_eq!(Rate::from(10).resolve("rate_limit").unwrap(), Duration::from_millis(100));
/// assert_eq!(Rate::from("100/min").resolve("rate_limit").unwrap(), Duration::from_millis(600));
/// ```
#[derive(Clone, PartialEq)]
pub enum Rate {
    /// Starts per second.
    PerSecond(f64),
    /// A text such as `"100/min"`.
    Text(Cow<'static, str>),
    /// The time between two starts.
    Every(Duration),
}

impl Rate {
    /// The time between two starts.
    ///
    /// # Errors
    /// Names `parameter` and what is wrong with the value.
    pub fn resolve(&self, parameter: &str) -> Result<Duration, ConfigError> {
        let (value, result) = match self {
            Self::Every(period) if period.is_zero() => {
                (format!("{period:?}"), Err("is no time between two starts"))
            }
            Self::Every(period) => return Ok(*period),
            Self::PerSecond(rate) => (rate.to_string(), units::per_second(*rate)),
            Self::Text(text) => (shown(text), units::rate(text)),
        };
        result.map_err(|problem| {
            let way_out = "give a number of starts per second above 0, or a text like \"100/min\"";
            wrong(parameter, &value, problem, way_out)
        })
    }
}

/// A text as it may be shown: a user who mixed two parameters up may have put a URL with a password here.
fn shown(text: &str) -> String {
    format!("{:?}", BackendUri::new(text).to_string())
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(seconds) => write!(f, "Seconds({seconds:?})"),
            Self::Text(text) => write!(f, "Text({})", shown(text)),
            Self::Exact(duration) => write!(f, "Exact({duration:?})"),
        }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSecond(rate) => write!(f, "PerSecond({rate:?})"),
            Self::Text(text) => write!(f, "Text({})", shown(text)),
            Self::Every(period) => write!(f, "Every({period:?})"),
        }
    }
}

fn wrong(parameter: &str, value: &str, problem: &str, way_out: &str) -> ConfigError {
    // The helpers' own advice stands after a semicolon; here the way out says it.
    let problem = problem.split(';').next().unwrap_or(problem);
    ConfigError::new(parameter, format!("= {value} {problem}"), way_out)
}

macro_rules! from_numbers {
    ($target:ident :: $variant:ident: $($number:ty),*) => {$(
        impl From<$number> for $target {
            fn from(number: $number) -> Self {
                Self::$variant(number as f64)
            }
        }
    )*};
}

from_numbers!(Time::Seconds: f64, f32, i32, u32, i64, u64, usize);
from_numbers!(Rate::PerSecond: f64, f32, i32, u32, i64, u64, usize);

macro_rules! from_texts {
    ($target:ident, $duration:ident) => {
        impl From<&'static str> for $target {
            fn from(text: &'static str) -> Self {
                Self::Text(text.into())
            }
        }
        impl From<String> for $target {
            fn from(text: String) -> Self {
                Self::Text(text.into())
            }
        }
        impl From<Duration> for $target {
            fn from(duration: Duration) -> Self {
                Self::$duration(duration)
            }
        }
    };
}

from_texts!(Time, Exact);
from_texts!(Rate, Every);
