use std::time::{Duration, Instant};

/// How many items a lane takes at a time: more as long as they are trivial, so that lanes seldom meet at the source, and
/// one as soon as they are not.
///
/// This follows real time, not the run's clock: it is about what threads cost each other.
pub(crate) struct Pace {
    size: usize,
    refilled: Option<Instant>,
}

/// No lane holds more items than this.
pub(crate) const MOST: usize = 64;

/// A handful of items should take about this long: thousands of times what taking it costs.
const HANDFUL: Duration = Duration::from_micros(50);

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            size: 1,
            refilled: None,
        }
    }

    /// How many items to take now that the last handful is done.
    pub(crate) fn next(&mut self) -> usize {
        let now = Instant::now();
        if let Some(refilled) = self.refilled.replace(now) {
            self.adapt(now.saturating_duration_since(refilled));
        }
        self.size
    }

    fn adapt(&mut self, took: Duration) {
        if took > HANDFUL {
            // At once, not by halves: the next items are most likely as slow as these.
            let fits = HANDFUL.as_nanos() * self.size as u128 / took.as_nanos();
            self.size = usize::try_from(fits).unwrap_or(1).clamp(1, self.size);
        } else if took * 2 < HANDFUL {
            self.size = (self.size * 2).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_handful_of_slow_items_is_followed_by_single_ones(size in 1..=MOST) {
            let mut pace = Pace { size, refilled: None };
            pace.adapt(HANDFUL * 2 * u32::try_from(size).unwrap());
            prop_assert_eq!(pace.size, 1);
        }

        #[test]
        fn no_lane_takes_more_than_the_most(took in prop::collection::vec(0_u64..200_000, 0..50)) {
            let mut pace = Pace::new();
            for nanos in took {
                pace.adapt(Duration::from_nanos(nanos));
                prop_assert!((1..=MOST).contains(&pace.size));
            }
        }
    }
}
