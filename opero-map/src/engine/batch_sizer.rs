use std::time::{Duration, Instant};

/// Sizes the batches of a worker loop: larger while items are trivial, so that loops seldom contend
/// for the source, and one item as soon as they are not.
///
/// It measures real time, not the run's clock: the cost is contention of threads.
pub(crate) struct BatchSizer {
    size: usize,
    refilled: Option<Instant>,
}

/// The most items of a batch.
pub(crate) const MAX_BATCH_ITEMS: usize = 64;

/// The time that a batch should take: thousands of times the cost of taking it.
const TARGET_BATCH_TIME: Duration = Duration::from_micros(50);

impl BatchSizer {
    pub(crate) fn new() -> Self {
        Self {
            size: 1,
            refilled: None,
        }
    }

    /// Returns the size of the next batch, after the last one is done.
    pub(crate) fn next(&mut self) -> usize {
        let now = Instant::now();
        if let Some(refilled) = self.refilled.replace(now) {
            self.adapt(now.saturating_duration_since(refilled));
        }
        self.size
    }

    fn adapt(&mut self, took: Duration) {
        if took > TARGET_BATCH_TIME {
            // At once, not by halves: the next items are likely as slow.
            let fits = TARGET_BATCH_TIME.as_nanos() * self.size as u128 / took.as_nanos();
            self.size = usize::try_from(fits).unwrap_or(1).clamp(1, self.size);
        } else if took * 2 < TARGET_BATCH_TIME {
            self.size = (self.size * 2).min(MAX_BATCH_ITEMS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_handful_of_slow_items_is_followed_by_single_ones(size in 1..=MAX_BATCH_ITEMS) {
            let mut sizer = BatchSizer { size, refilled: None };
            sizer.adapt(TARGET_BATCH_TIME * 2 * u32::try_from(size).unwrap());
            prop_assert_eq!(sizer.size, 1);
        }

        #[test]
        fn no_lane_takes_more_than_the_most(took in prop::collection::vec(0_u64..200_000, 0..50)) {
            let mut sizer = BatchSizer::new();
            for nanos in took {
                sizer.adapt(Duration::from_nanos(nanos));
                prop_assert!((1..=MAX_BATCH_ITEMS).contains(&sizer.size));
            }
        }
    }
}
