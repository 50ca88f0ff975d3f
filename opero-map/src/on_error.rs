use std::fmt;
use std::str::FromStr;

use opero_core::ConfigError;

/// What an item's error or panic means for the rest of a run.
///
/// However a run is stopped, items in flight end, and the results stay at the places of their
/// items: see [`Cancel`](crate::Cancel). Results that earlier runs recorded are not counted: they
/// say nothing of how this run goes. As text it is `"collect"`, `"stop"`, `"stop after 10"` or
/// `"stop above 5%"`:
///
/// ```
/// use opero_map::{OnError, Share};
///
/// assert_eq!("stop after 10".parse(), Ok(OnError::StopAfter(10)));
/// assert_eq!("stop above 2.5%".parse(), Ok(OnError::StopAbove(Share::percent(2.5).unwrap())));
/// assert!("stop sometimes".parse::<OnError>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnError {
    /// The others go on; each item has its own result.
    #[default]
    Collect,
    /// No further item is started after the first failure.
    Stop,
    /// No further item is started once so many have failed. 1 is the same as [`OnError::Stop`].
    StopAfter(u64),
    /// No further item is started once more than this share of the finished items has failed.
    ///
    /// It is judged after each item from the [20th](OnError::MIN_FINISHED_ITEMS) on: of few items, a share
    /// says little.
    StopAbove(Share),
}

impl OnError {
    /// So many items are finished before [`OnError::StopAbove`] is first judged.
    pub const MIN_FINISHED_ITEMS: u64 = 20;

    /// Returns `true` if the run stops when of `finished` items this many have `failed`.
    ///
    /// ```
    /// use opero_map::{OnError, Share};
    ///
    /// let rule = OnError::StopAbove(Share::percent(10.0).unwrap());
    /// assert!(!rule.stops(5, 10)); // Too few to judge by.
    /// assert!(!rule.stops(2, 20)); // 10 %, which is not above it.
    /// assert!(rule.stops(3, 20));
    /// ```
    pub fn stops(self, failed: u64, finished: u64) -> bool {
        match self {
            Self::Collect => false,
            Self::Stop => failed > 0,
            Self::StopAfter(failures) => failed >= failures,
            Self::StopAbove(share) => {
                finished >= Self::MIN_FINISHED_ITEMS && share.is_exceeded(failed, finished)
            }
        }
    }

    /// Checks that a run can begin with it.
    pub(crate) fn check(self) -> Result<(), ConfigError> {
        match self {
            Self::StopAfter(0) => Err(ConfigError::new(
                "on_error",
                "is `stop after 0`, so no item could ever run",
                "write `stop` for the first failure, or a number from 1",
            )),
            _ => Ok(()),
        }
    }
}

impl FromStr for OnError {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let words: Vec<_> = text.split_whitespace().collect();
        let rule = match words[..] {
            ["collect"] => Some(Self::Collect),
            ["stop"] => Some(Self::Stop),
            ["stop", "after", failures] => failures.parse().ok().map(Self::StopAfter),
            ["stop", "above", share] => Some(Self::StopAbove(share.parse()?)),
            ["stop", "above", number, "%"] => Some(Self::StopAbove(percent(text, number)?)),
            _ => None,
        };
        let rule = rule.ok_or_else(|| {
            ConfigError::new(
                "on_error",
                format!("is {text:?}"),
                "write `collect`, `stop`, `stop after 10` or `stop above 5%`",
            )
        })?;
        rule.check()?;
        Ok(rule)
    }
}

impl fmt::Display for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collect => f.write_str("collect"),
            Self::Stop => f.write_str("stop"),
            Self::StopAfter(failures) => write!(f, "stop after {failures}"),
            Self::StopAbove(share) => write!(f, "stop above {share}"),
        }
    }
}

/// A share of something: from nothing to less than all, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

/// All, in the unit of a share.
const ALL: u32 = 1_000_000;

impl Share {
    /// Creates a share of 0 % to less than 100 %, rounded to a ten-thousandth of a percent.
    ///
    /// # Errors
    /// Where the number is outside of that range: a share of 100 % is never exceeded.
    ///
    /// ```
    /// assert_eq!(opero_map::Share::percent(0.5).unwrap().to_string(), "0.5%");
    /// assert!(opero_map::Share::percent(100.0).is_err());
    /// ```
    pub fn percent(percent: f64) -> Result<Self, ConfigError> {
        let millionths = (percent * f64::from(ALL / 100)).round();
        // NaN is in no range.
        if (0.0..f64::from(ALL)).contains(&millionths) {
            return Ok(Self(millionths as u32));
        }
        Err(ConfigError::new(
            "on_error",
            format!("has a share of {percent}%"),
            "give a share from 0% to less than 100%, or write `collect` to stop for no failure",
        ))
    }

    /// Creates a share in millionths; a million and more count as 999,999.
    ///
    /// ```
    /// assert_eq!(opero_map::Share::millionths(50_000), opero_map::Share::percent(5.0).unwrap());
    /// ```
    pub const fn millionths(millionths: u32) -> Self {
        if millionths < ALL {
            Self(millionths)
        } else {
            Self(ALL - 1)
        }
    }

    fn is_exceeded(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(ALL) > u128::from(self.0) * u128::from(whole)
    }
}

impl FromStr for Share {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.trim().strip_suffix('%') {
            Some(number) => percent(text, number.trim_end()),
            None => Err(no_share(text)),
        }
    }
}

fn percent(text: &str, number: &str) -> Result<Share, ConfigError> {
    number
        .parse()
        .map_err(|_| no_share(text))
        .and_then(Share::percent)
}

fn no_share(text: &str) -> ConfigError {
    ConfigError::new(
        "on_error",
        format!("has {text:?} where a share stands"),
        "write it as `5%`",
    )
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / f64::from(ALL / 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules() -> impl Strategy<Value = OnError> {
        prop_oneof![
            Just(OnError::Collect),
            Just(OnError::Stop),
            (1_u64..).prop_map(OnError::StopAfter),
            (0..ALL).prop_map(|n| OnError::StopAbove(Share(n))),
        ]
    }

    proptest! {
        #[test]
        fn a_rule_is_read_as_it_is_written(rule in rules()) {
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }

        #[test]
        fn one_failure_more_never_makes_a_run_go_on(rule in rules(), failed: u32, ok: u32) {
            let (failed, ok) = (u64::from(failed), u64::from(ok));
            prop_assert!(!rule.stops(failed, failed + ok) || rule.stops(failed + 1, failed + ok + 1));
        }

        #[test]
        fn without_failures_nothing_stops(rule in rules(), finished: u64) {
            prop_assert!(!rule.stops(0, finished));
        }

        #[test]
        fn a_share_is_exceeded_by_exactly_what_is_above_it(percent in 0_u32..100, failed in 0_u64..1_000, ok in 0_u64..1_000) {
            let rule = OnError::StopAbove(Share::percent(percent.into()).unwrap());
            let finished = failed + ok;
            let above = failed * 100 > u64::from(percent) * finished;
            prop_assert_eq!(rule.stops(failed, finished), finished >= OnError::MIN_FINISHED_ITEMS && above);
        }

        #[test]
        fn the_number_of_failures_is_counted_to_the_last(failures in 1_u64.., finished: u64) {
            prop_assert!(!OnError::StopAfter(failures).stops(failures - 1, finished));
            prop_assert!(OnError::StopAfter(failures).stops(failures, finished));
        }

        #[test]
        fn no_text_or_number_panics(text: String, number: f64, words in "(stop|after|above|[0-9]{1,25}|%| ){0,6}") {
            let _ = (text.parse::<OnError>(), words.parse::<OnError>(), text.parse::<Share>(), Share::percent(number));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_rejected_with_the_way_out() {
        for (text, way_out) in [
            ("", "`stop after 10`"),
            ("stop_signal", "`stop above 5%`"),
            ("stop after", "`stop after 10`"),
            ("stop after -1", "`stop after 10`"),
            ("stop after 0", "from 1"),
            ("stop above 5", "`5%`"),
            ("stop above x%", "`5%`"),
            ("stop above 100%", "less than 100%"),
            ("stop above -1%", "from 0%"),
            ("stop above NaN%", "from 0%"),
        ] {
            let error = text.parse::<OnError>().unwrap_err();
            assert_eq!(error.parameter(), "on_error");
            assert!(error.way_out().contains(way_out), "{error}");
        }
    }

    #[test]
    fn blanks_do_not_matter() {
        let five = OnError::StopAbove(Share::millionths(50_000));
        assert_eq!("  stop  above 5 % ".parse(), Ok(five));
    }

    #[test]
    fn all_is_no_share() {
        assert_eq!(Share::millionths(u32::MAX), Share::millionths(999_999));
        assert!(Share::percent(99.999_999).is_err());
    }
}
