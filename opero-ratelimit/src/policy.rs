//! The arithmetic of waiting: pure, with `now` as an argument.

use std::time::Duration;

use opero_core::{Instant, RejectedKind};

use crate::Quota;

/// When permits will be there, as far as the limiter's last answer told.
///
/// It is the generic cell rate algorithm (ITU-T I.371) seen from the queue: with the theoretical arrival time `tat`,
/// `n` permits are there at `tat + (n - burst) · period`. So one instant, `frontier = tat - burst · period`, tells when
/// each waiter in a queue comes to its turn: at `frontier + n · period`, where `n` counts its cost and all costs ahead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forecast {
    /// In nanoseconds of the limiter's clock; signed, since it may lie before the clock's origin.
    frontier: i128,
}

impl Forecast {
    /// The limiter said at `now` that `cost` permits take another `wait`.
    pub(crate) fn put_off(quota: &Quota, now: Instant, cost: u32, wait: Duration) -> Self {
        let due = nanos(now) + i128::try_from(wait.as_nanos()).unwrap_or(i128::MAX / 2);
        Self {
            frontier: due - quota.growth(u64::from(cost)),
        }
    }

    /// The limiter gave out `cost` permits at `now`.
    #[must_use]
    pub(crate) fn admitted(self, quota: &Quota, now: Instant, cost: u32) -> Self {
        Self {
            frontier: self.not_fuller_than_burst(quota, now) + quota.growth(u64::from(cost)),
        }
    }

    /// How long after `now` the last of `permits` permits will be there, if they are taken as soon as they can be.
    pub(crate) fn wait(self, quota: &Quota, now: Instant, permits: u64) -> Duration {
        let due = self.not_fuller_than_burst(quota, now) + quota.growth(permits);
        let wait = (due - nanos(now)).max(0);
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    /// Permits that were not fetched in time do not pile up beyond the burst.
    fn not_fuller_than_burst(self, quota: &Quota, now: Instant) -> i128 {
        let full = nanos(now) - quota.growth(u64::from(quota.burst.get()));
        self.frontier.max(full)
    }
}

/// How much longer a call may wait: what `rate_max_wait` says, once the call is the head of its queue.
///
/// A wait is judged when it becomes known: on arrival, or with the backend's first answer where it was not known before. Then
/// it stands, also where late wake-ups of others make it a little longer, so that no call waits and is rejected after
/// all. Only where others keep taking the turn, at a limiter shared with other processes, does it end with the limit.
#[derive(Debug)]
pub(crate) struct WaitBudget {
    limit: Option<Duration>,
    /// A wait was found short enough.
    promised: bool,
    /// The limiter's own estimate was slept through.
    slept: bool,
}

impl WaitBudget {
    /// `promised`: the wait was judged on arrival.
    pub(crate) fn new(limit: Option<Duration>, promised: bool) -> Self {
        Self {
            limit,
            promised,
            slept: false,
        }
    }

    /// Spends another `wait` after `waited`.
    ///
    /// # Errors
    /// The rejection, where it is not.
    pub(crate) fn spend(&mut self, waited: Duration, wait: Duration) -> Result<(), RejectedKind> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let needed = waited.saturating_add(wait);
        let outrun = self.slept && waited >= limit;
        if needed > limit && (outrun || !self.promised) {
            return Err(RejectedKind::RateWait { needed, limit });
        }
        self.promised = true;
        self.slept = true;
        Ok(())
    }
}

fn nanos(instant: Instant) -> i128 {
    i128::from(instant.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn each_waiter_waits_for_all_ahead_of_it() {
        let quota = Quota::per_second(1.0).unwrap().with_burst(3).unwrap();
        let now = Instant::from_nanos(10 * SECOND);
        let forecast = Forecast::put_off(&quota, now, 2, Duration::from_millis(500));
        let wait = |permits| forecast.wait(&quota, now, permits);
        assert_eq!(wait(2), Duration::from_millis(500));
        assert_eq!(wait(2 + 1), Duration::from_millis(1_500));
        assert_eq!(wait(2 + 1 + 3), Duration::from_millis(4_500));
    }

    #[test]
    fn permits_that_nobody_fetched_do_not_pile_up() {
        let quota = Quota::per_second(1.0).unwrap().with_burst(2).unwrap();
        let start = Instant::from_nanos(10 * SECOND);
        let late = start + Duration::from_secs(3_600);
        let forecast = Forecast::put_off(&quota, start, 1, Duration::from_secs(1));
        assert_eq!(forecast.wait(&quota, late, 3), Duration::from_secs(1));
        let forecast = forecast.admitted(&quota, late, 2);
        assert_eq!(forecast.wait(&quota, late, 1), Duration::from_secs(1));
    }

    #[test]
    fn a_wait_is_judged_once() {
        let limit = Duration::from_secs(1);
        let spend = |budget: &mut WaitBudget, waited, wait| {
            let millis = Duration::from_millis;
            budget.spend(millis(waited), millis(wait)).is_ok()
        };
        let mut unknown = WaitBudget::new(Some(limit), false);
        assert!(!spend(&mut unknown, 0, 1_001));
        assert!(spend(&mut unknown, 0, 1_000));

        let mut promised = WaitBudget::new(Some(limit), true);
        assert!(spend(&mut promised, 1_003, 5), "late wake-ups of others");
        assert!(!spend(&mut promised, 1_008, 5), "others took the turn");

        assert!(spend(
            &mut WaitBudget::new(None, false),
            1_000_000,
            1_000_000
        ));
    }

    proptest! {
        #[test]
        fn nothing_overflows(now: u64, later: u64, wait: Duration, cost: u32, permits: u64, period in 1..=1_u64 << 61) {
            let quota = Quota::each(Duration::from_nanos(period));
            let forecast = Forecast::put_off(&quota, Instant::from_nanos(now), cost, wait);
            let forecast = forecast.admitted(&quota, Instant::from_nanos(later), cost);
            let _ = forecast.wait(&quota, Instant::from_nanos(later), permits);
        }
    }
}
