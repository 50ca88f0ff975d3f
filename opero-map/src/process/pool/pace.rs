//! How many calls a worker has at a time: more as long as they are short, so that neither it nor the channel waits, and one as soon
//! as they are not, so that none is taken from the input before its turn.

use std::time::Duration;

/// What a worker has should take it about this long: many times what a message costs.
const HANDFUL: Duration = Duration::from_millis(2);

/// The most calls that a worker has. Lanes are made for as many.
pub(super) const MOST: usize = 256;

/// While calls are no longer than this, a worker has the next one at hand when it has finished one.
const SHORT: Duration = Duration::from_millis(20);

/// Of one run.
#[derive(Debug)]
pub(super) struct Pace {
    /// How long a call takes a worker, in nanoseconds, smoothed; zero before the first one.
    call: f64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { call: 0.0 }
    }

    /// So many calls took a worker so long.
    pub(super) fn saw(&mut self, calls: usize, took: Duration) {
        if calls == 0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let each = took.as_nanos() as f64 / calls as f64;
        // Slow ones count at once: the next are most likely as slow as these.
        self.call = match self.call {
            before if before == 0.0 || each > before * 4.0 => each,
            before => before + (each - before) * 0.25,
        };
    }

    /// How many calls a worker should have.
    pub(super) fn depth(&self) -> usize {
        if self.call == 0.0 {
            return 1;
        }
        let least = if self.is_short() { 2 } else { 1 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "clamped to what fits"
        )]
        let fits = (HANDFUL.as_nanos() as f64 / self.call).clamp(1.0, MOST as f64) as usize;
        fits.max(least)
    }

    /// Is waiting for a call that runs no long wait?
    fn is_short(&self) -> bool {
        self.call < SHORT.as_nanos() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_call_goes_alone_and_slow_ones_do_too() {
        let mut pace = Pace::new();
        assert_eq!(pace.depth(), 1);
        pace.saw(100, Duration::from_micros(100));
        assert_eq!(pace.depth(), MOST);
        pace.saw(1, Duration::from_millis(5));
        assert_eq!(pace.depth(), 2);
        pace.saw(1, Duration::from_millis(50));
        assert_eq!(pace.depth(), 1);
    }

    proptest! {
        #[test]
        fn a_worker_has_at_least_one_call_and_at_most_the_most(
            seen in prop::collection::vec((0_usize..1000, 0_u64..10_000_000_000), 0..50),
        ) {
            let mut pace = Pace::new();
            for (calls, nanos) in seen {
                pace.saw(calls, Duration::from_nanos(nanos));
                prop_assert!((1..=MOST).contains(&pace.depth()));
            }
        }
    }
}
