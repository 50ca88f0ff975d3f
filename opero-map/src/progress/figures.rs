//! The figures of a run in words.

use std::fmt;
use std::time::Duration;

use crate::report::statistics::Statistics;
use crate::report::units::grouped;

/// How far a run is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) done: u64,
    pub(super) length: Option<u64>,
    pub(super) failed: u64,
    pub(super) retried: u64,
    pub(super) cached: u64,
}

impl Figures {
    pub(super) fn read(statistics: &Statistics, length: Option<u64>) -> Self {
        let (ok, failed) = statistics.done();
        let (retried, cached) = statistics.helped();
        Self {
            done: ok + failed,
            length,
            failed,
            retried,
            cached,
        }
    }
}

/// Short, for a bar (`{:#}`), or as it is read aloud. Of retries and hits there is nothing to say
/// where there are none.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.done))?;
        if let Some(length) = self.length {
            let of = if f.alternate() { "/" } else { " of " };
            write!(f, "{of}{}", grouped(length))?;
        }
        if !f.alternate() {
            f.write_str(" done")?;
        }
        write!(f, ", {} failed", grouped(self.failed))?;
        for (count, name) in [(self.retried, "retried"), (self.cached, "cached")] {
            if count > 0 {
                write!(f, ", {} {name}", grouped(count))?;
            }
        }
        Ok(())
    }
}

/// Items per second: `118/s`, `0.4/s`.
pub(super) fn rate(per_second: f64) -> String {
    if per_second >= 9.95 {
        // A cast of what is too large is the largest number.
        return format!("{}/s", grouped(per_second.round() as u64));
    }
    // What is no number is no rate either.
    format!("{:.1}/s", per_second.max(0.0))
}

/// `32 s left`, `4 min left`, `2 h 5 min left`.
pub(super) fn left(time: Duration) -> String {
    format!("{} left", span(time))
}

/// To about a fiftieth: more would not be true, and flicker.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 => format!("{minutes} min {} s", seconds % 60),
        600..3_600 => format!("{minutes} min"),
        3_600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", grouped(days), hours % 24),
    }
}

/// Returns how long the rest takes at that rate; `None` where it cannot be known.
pub(super) fn remaining(rest: u64, per_second: f64) -> Option<Duration> {
    // A division by zero is out of the range, and so is what is no number.
    Duration::try_from_secs_f64(rest as f64 / per_second).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opero_core::{Attempt, Event, Observer};
    use proptest::prelude::*;

    use super::*;
    use crate::report::statistics::Detail;

    proptest! {
        #[test]
        fn no_figure_panics(per_second: f64, seconds: u64, rest: u64) {
            let time = Duration::from_secs(seconds);
            let _ = (rate(per_second), span(time), remaining(rest, per_second));
        }

        #[test]
        fn the_rest_takes_as_long_as_its_share(per_second in 1_u64..1_000, seconds in 0_u64..1_000) {
            let left = remaining(seconds * per_second, per_second as f64).unwrap();
            prop_assert!(left.abs_diff(Duration::from_secs(seconds)) < Duration::from_millis(1));
        }
    }

    #[test]
    fn figures_read_well() {
        let mut figures = Figures {
            done: 1_200,
            length: Some(5_000),
            failed: 3,
            retried: 12,
            cached: 40,
        };
        let text = "1,200 of 5,000 done, 3 failed, 12 retried, 40 cached";
        assert_eq!(figures.to_string(), text);
        assert_eq!(
            format!("{figures:#}"),
            "1,200/5,000, 3 failed, 12 retried, 40 cached"
        );
        figures.length = None;
        (figures.retried, figures.cached) = (0, 0);
        assert_eq!(figures.to_string(), "1,200 done, 3 failed");
        assert_eq!(rate(117.6), "118/s");
        assert_eq!(rate(0.43), "0.4/s");
        assert_eq!(rate(f64::NAN), "0.0/s");
    }

    #[test]
    fn the_figures_are_those_of_the_run() {
        let clock = Arc::new(opero_core::SystemClock);
        let statistics = Statistics::new(clock, Detail::Progress);
        let attempt = Attempt::FIRST;
        let delay = Duration::ZERO;
        for worker_loop in 0..3 {
            let shard = statistics.shard(worker_loop);
            shard.record(None, worker_loop > 0);
            shard.on_event("f", &Event::RetryScheduled { attempt, delay });
            shard.on_event("f", &Event::CacheHit);
            shard.on_event("f", &Event::CacheMiss);
        }
        let figures = Figures::read(&statistics, Some(7)).to_string();
        assert_eq!(figures, "3 of 7 done, 1 failed, 3 retried, 3 cached");
    }

    #[test]
    fn times_read_well() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (600, "10 min"),
            (7_500, "2 h 5 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
