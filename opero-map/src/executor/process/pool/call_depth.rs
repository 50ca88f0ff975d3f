//! How many calls a worker has at a time: more while they are short, so that neither the worker nor
//! the channel waits, and one as soon as they are not, so that no item is taken before its turn.

use std::time::Duration;

/// The time that a worker's calls should take: many times the cost of a message.
const TARGET_TIME: Duration = Duration::from_millis(2);

/// The most calls of a worker. There are worker loops for as many.
pub(super) const MAX_DEPTH: usize = 256;

/// While calls are no longer than this, a worker always has the next one.
const SHORT_CALL: Duration = Duration::from_millis(20);

/// Measures the calls of one run.
#[derive(Debug)]
pub(super) struct CallDepth {
    /// How long a call takes a worker, in nanoseconds, smoothed; zero before the first one.
    call: f64,
}

impl CallDepth {
    pub(super) fn new() -> Self {
        Self { call: 0.0 }
    }

    /// Notes how long a number of calls took.
    pub(super) fn observe(&mut self, calls: usize, took: Duration) {
        if calls == 0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let each = took.as_nanos() as f64 / calls as f64;
        // Slow ones count at once: the next are likely as slow.
        self.call = match self.call {
            before if before == 0.0 || each > before * 4.0 => each,
            before => before + (each - before) * 0.25,
        };
    }

    /// Returns how many calls a worker should have.
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
        let fits =
            (TARGET_TIME.as_nanos() as f64 / self.call).clamp(1.0, MAX_DEPTH as f64) as usize;
        fits.max(least)
    }

    /// Returns `true` if calls are short.
    fn is_short(&self) -> bool {
        self.call < SHORT_CALL.as_nanos() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_call_goes_alone_and_slow_ones_do_too() {
        let mut call_depth = CallDepth::new();
        assert_eq!(call_depth.depth(), 1);
        call_depth.observe(100, Duration::from_micros(100));
        assert_eq!(call_depth.depth(), MAX_DEPTH);
        call_depth.observe(1, Duration::from_millis(5));
        assert_eq!(call_depth.depth(), 2);
        call_depth.observe(1, Duration::from_millis(50));
        assert_eq!(call_depth.depth(), 1);
    }

    proptest! {
        #[test]
        fn a_worker_has_at_least_one_call_and_at_most_the_most(
            seen in prop::collection::vec((0_usize..1000, 0_u64..10_000_000_000), 0..50),
        ) {
            let mut call_depth = CallDepth::new();
            for (calls, nanos) in seen {
                call_depth.observe(calls, Duration::from_nanos(nanos));
                prop_assert!((1..=MAX_DEPTH).contains(&call_depth.depth()));
            }
        }
    }
}
