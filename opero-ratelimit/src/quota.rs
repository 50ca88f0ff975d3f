//! How often calls may start.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use opero_core::{BackendUri, ConfigError, units};

/// How often calls may start: one permit grows every `period`, and at most `burst` of them pile up while there are no calls.
///
/// In any window of length w at most `burst + w / period` permits are given out.
///
/// ```
/// use opero_ratelimit::Quota;
/// use std::time::Duration;
///
/// let quota: Quota = "100/min".parse()?;
/// assert_eq!(quota.period, Duration::from_millis(600));
/// assert_eq!(quota.burst.get(), 1);
/// assert_eq!(Quota::per_second(10.0)?.with_burst(5)?.burst.get(), 5);
/// # Ok::<_, opero_core::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The time in which one permit grows.
    pub period: Duration,
    /// The permits that can be there at once.
    pub burst: NonZeroU32,
}

/// 73 years. All sums of instants and waits then stay below 2⁶⁴ ns, so the limiter's arithmetic cannot overflow.
const LONGEST_REFILL: u128 = 1 << 61;

impl Quota {
    /// `rate` starts per second, without bursts.
    ///
    /// # Errors
    /// Where `rate` is not a finite number above zero, or out of range; the error names `rate_limit`.
    pub fn per_second(rate: f64) -> Result<Self, ConfigError> {
        Self::every(&rate.to_string(), units::per_second(rate))
    }

    /// One start each `period`, without bursts. Not yet validated.
    pub const fn each(period: Duration) -> Self {
        Self {
            period,
            burst: NonZeroU32::MIN,
        }
    }

    /// The same rate with up to `burst` starts at once after a pause.
    ///
    /// # Errors
    /// Where `burst` is zero or so large that it would take decades to grow; the error names `rate_burst`.
    pub fn with_burst(self, burst: u32) -> Result<Self, ConfigError> {
        let burst = NonZeroU32::new(burst).ok_or_else(|| {
            ConfigError::new(
                "rate_burst",
                "is zero, so that no call could ever start",
                "set it to at least 1",
            )
        })?;
        Self { burst, ..self }.validated()
    }

    /// Checks that a limiter can hold this quota.
    ///
    /// # Errors
    /// Where the period is zero, or the permits of a burst take longer than 73 years to grow; the error names
    /// `rate_limit` or `rate_burst`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let period = self.period.as_nanos();
        if period == 0 {
            return Err(rate_error("leaves no time between two starts"));
        }
        if period > LONGEST_REFILL {
            return Err(rate_error("is less than one start in 73 years"));
        }
        if period * u128::from(self.burst.get()) > LONGEST_REFILL {
            return Err(ConfigError::new(
                "rate_burst",
                "is so large that it would take more than 73 years to grow at this `rate_limit`",
                "lower it, or raise `rate_limit`",
            ));
        }
        Ok(())
    }

    fn every(value: &str, period: Result<Duration, &'static str>) -> Result<Self, ConfigError> {
        let wrong = |problem: &str| {
            // The helpers' own advice stands after a semicolon; here the way out says it.
            let problem = problem.split(';').next().unwrap_or(problem);
            rate_error(format!("= {value} {problem}"))
        };
        Self::each(period.map_err(wrong)?).validated()
    }

    fn validated(self) -> Result<Self, ConfigError> {
        self.validate().map(|()| self)
    }

    /// The time in which `permits` grow, in nanoseconds.
    pub(crate) fn growth(&self, permits: u64) -> i128 {
        // Exact: a validated period is below 2⁶² ns, and 2⁶² · 2⁶⁴ is below 2¹²⁷.
        i128::from(saturating_nanos(self.period)) * i128::from(permits)
    }
}

/// From a text such as `"100/min"` or `"5/s"`.
impl FromStr for Quota {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        // As a location: two parameters mixed up put a URL here, with its password.
        let shown = format!("{:?}", BackendUri::new(text).to_string());
        Self::every(&shown, units::rate(text))
    }
}

fn rate_error(problem: impl Into<String>) -> ConfigError {
    let way_out = "set it to a number of starts per second above 0, or to a text like \"100/min\"";
    ConfigError::new("rate_limit", problem, way_out)
}

fn saturating_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parameter(result: Result<Quota, ConfigError>) -> String {
        result.unwrap_err().parameter().to_owned()
    }

    #[test]
    fn bad_rates_are_rejected_by_name() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e10, 1e-30] {
            assert_eq!(parameter(Quota::per_second(rate)), "rate_limit", "{rate}");
        }
        for rate in ["", "fast", "0/s", "-3/min", "1/fortnight", "1e-12/day"] {
            assert_eq!(parameter(rate.parse()), "rate_limit", "{rate}");
        }
        let error = Quota::per_second(0.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`rate_limit` = 0 is not above zero: set it to a number of starts per second above 0, or to a text like \"100/min\""
        );
        let error = "100 per min".parse::<Quota>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`rate_limit` = \"100 per min\" is not a rate: set it to a number of starts per second above 0, or to a text like \"100/min\""
        );
        let error = "redis://:geheim@host".parse::<Quota>().unwrap_err();
        assert!(!error.to_string().contains("geheim"), "{error}");
        assert!(Quota::each(Duration::ZERO).validate().is_err());
        assert!(Quota::each(Duration::MAX).validate().is_err());
    }

    #[test]
    fn bad_bursts_are_rejected_by_name() {
        let hourly: Quota = "1/h".parse().unwrap();
        assert_eq!(parameter(hourly.with_burst(0)), "rate_burst");
        assert_eq!(parameter(hourly.with_burst(u32::MAX)), "rate_burst");
        assert!(hourly.with_burst(500_000).is_ok());
    }

    proptest! {
        #[test]
        fn no_number_panics(rate: f64, burst: u32, text: String) {
            let _ = Quota::per_second(rate).and_then(|quota| quota.with_burst(burst));
            let _ = text.parse::<Quota>();
        }
    }
}
