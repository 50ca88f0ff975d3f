use std::time::Duration;

use opero_retry::{Decision, Failure, RetryPolicy};
use proptest::prelude::*;

use crate::script::ms;

const FIRST: Failure = Failure {
    attempts: 1,
    elapsed: Duration::ZERO,
    hint: None,
    spread: Duration::ZERO,
    backoff: Some(Duration::from_millis(100)),
};

#[test]
fn the_last_retry_is_the_last() {
    let policy = RetryPolicy::default().with_retries(2);
    let after = |attempts| policy.decide(Failure { attempts, ..FIRST });
    assert_eq!(after(1), Decision::Wait(ms(100)));
    assert_eq!(after(2), Decision::Wait(ms(100)));
    assert_eq!(after(3), Decision::Return);
    assert_eq!(after(u32::MAX), Decision::Return);
}

#[test]
fn no_retries_means_none() {
    let policy = RetryPolicy::default().with_retries(0);
    assert_eq!(policy.decide(FIRST), Decision::Return);
}

#[test]
fn the_hint_wins_over_the_backoff_below_it_and_above_max_delay() {
    for hint in [Duration::ZERO, Duration::from_secs(3_600), Duration::MAX] {
        let failure = Failure {
            hint: Some(hint),
            ..FIRST
        };
        assert_eq!(RetryPolicy::default().decide(failure), Decision::Wait(hint));
    }
}

#[test]
fn an_ended_iterator_ends_the_retries() {
    let failure = Failure {
        backoff: None,
        ..FIRST
    };
    assert_eq!(RetryPolicy::default().decide(failure), Decision::Return);
}

#[test]
fn a_wait_that_ends_exactly_at_max_elapsed_is_begun() {
    let failure = Failure {
        elapsed: ms(900),
        ..FIRST
    };
    let within = |limit| {
        RetryPolicy::default()
            .with_max_elapsed(ms(limit))
            .decide(failure)
    };
    assert_eq!(within(1_000), Decision::Wait(ms(100)));
    assert_eq!(within(999), Decision::Return);
}

proptest! {
    #[test]
    fn no_wait_ends_past_max_elapsed(limit: u64, elapsed: u64, delay: u64, hint: Option<u64>, spread: u64) {
        let [limit, elapsed, delay, spread] = [limit, elapsed, delay, spread].map(Duration::from_nanos);
        let policy = RetryPolicy::default().with_max_elapsed(limit);
        let hint = hint.map(Duration::from_nanos);
        let failure = Failure { elapsed, hint, backoff: Some(delay), spread, ..FIRST };
        let wanted = hint.unwrap_or(delay);
        match policy.decide(failure) {
            Decision::Wait(wait) => {
                // Only a hint is spread, upwards, and as far as there is room.
                let spread = hint.map_or(Duration::ZERO, |_| spread);
                prop_assert_eq!(wait, (wanted + spread).min(limit - elapsed));
                prop_assert!(wait >= wanted);
            }
            // Only a wait that would overshoot is rejected.
            Decision::Return => prop_assert!(elapsed + wanted > limit),
        }
    }
}
