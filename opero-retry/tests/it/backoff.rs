use std::time::Duration;

use opero_retry::{Backoff, DecorrelatedJitter, Exponential, Retry, RetryPolicy};
use proptest::prelude::*;

use crate::script::ms;

/// Any duration at all, the shortest and the longest included.
fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0..10_000_u64).prop_map(ms),
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
    ]
}

fn bounds() -> impl Strategy<Value = (Duration, Duration)> {
    (duration(), duration()).prop_map(|(a, b)| (a.min(b), a.max(b)))
}

fn exponential() -> impl Strategy<Value = Exponential> {
    let factor = prop_oneof![1.0..4.0, 1.0..f64::MAX, Just(f64::MAX), Just(1.0)];
    (bounds(), factor, any::<bool>()).prop_map(|((min, max), factor, jitter)| {
        Exponential::default()
            .with_min_delay(min)
            .with_max_delay(max)
            .with_factor(factor)
            .with_jitter(jitter)
    })
}

proptest! {
    #[test]
    fn exponential_delays_never_leave_their_bounds(recipe in exponential(), seed: u64) {
        prop_assert!(Backoff::from(recipe).validate().is_ok());
        let delays: Vec<_> = Backoff::from(recipe).delays_seeded(seed).take(200).collect();
        prop_assert_eq!(delays.len(), 200);
        prop_assert!(delays.iter().all(|d| (recipe.min_delay..=recipe.max_delay).contains(d)));
    }

    #[test]
    fn jitter_exceeds_the_delay_without_it_only_up_to_half_of_min_delay(recipe in exponential(), seed: u64) {
        let plain = Backoff::from(recipe.with_jitter(false)).delays();
        let random = Backoff::from(recipe.with_jitter(true)).delays_seeded(seed);
        let half = recipe.min_delay.saturating_add(recipe.min_delay / 2);
        prop_assert!(plain.zip(random).take(100).all(|(plain, random)| random <= plain.max(half)));
    }

    #[test]
    fn a_hint_is_spread_upwards_and_by_a_fifth_at_most(recipe in exponential(), hint in duration(), seed: u64) {
        let mut delays = Backoff::from(recipe).delays_seeded(seed);
        let spread = delays.spread(hint);
        prop_assert!(spread <= hint / 5);
        prop_assert!(recipe.jitter || spread.is_zero());
    }

    #[test]
    fn delays_without_jitter_only_grow(recipe in exponential()) {
        let delays: Vec<_> = Backoff::from(recipe.with_jitter(false)).delays().take(200).collect();
        prop_assert!(delays.is_sorted());
        // Beyond three months, a float of seconds no longer holds every nanosecond.
        if recipe.min_delay < Duration::from_secs(7_000_000) {
            prop_assert_eq!(delays[0], recipe.min_delay);
        }
    }

    #[test]
    fn delays_without_jitter_follow_the_formula(min in 1..1_000_u64, max in 1_000..60_000_u64, factor in 1.0..5.0_f64) {
        let recipe = Exponential::default()
            .with_min_delay(ms(min))
            .with_max_delay(ms(max))
            .with_factor(factor)
            .with_jitter(false);
        for (n, delay) in (0..40).zip(Backoff::from(recipe).delays()) {
            let formula = (min as f64 / 1e3 * factor.powi(n)).min(max as f64 / 1e3);
            prop_assert!((delay.as_secs_f64() - formula).abs() < 1e-8, "{} {:?} {}", n, delay, formula);
        }
    }

    #[test]
    fn decorrelated_delays_never_leave_their_bounds((min, max) in bounds(), seed: u64) {
        let recipe = DecorrelatedJitter::default().with_min_delay(min).with_max_delay(max);
        let mut previous = min;
        for delay in Backoff::from(recipe).delays_seeded(seed).take(200) {
            prop_assert!(delay >= min && delay <= max);
            prop_assert!(delay <= previous.saturating_mul(3));
            previous = delay;
        }
    }

    #[test]
    fn no_recipe_panics_not_even_an_invalid_one(min in duration(), max in duration(), factor: f64, seed: u64) {
        let exponential = Exponential::default().with_min_delay(min).with_max_delay(max).with_factor(factor);
        let decorrelated = DecorrelatedJitter::default().with_min_delay(min).with_max_delay(max);
        for backoff in [Backoff::from(exponential), Backoff::from(decorrelated)] {
            let _ = backoff.validate();
            prop_assert_eq!(backoff.delays_seeded(seed).take(100).count(), 100);
        }
    }
}

#[test]
fn a_wrong_parameter_is_named_with_the_way_out() {
    let default = Exponential::default();
    let error = |recipe: Backoff| {
        let policy = RetryPolicy::default().with_backoff(recipe);
        Retry::new(policy).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        error(default.with_factor(0.5).into()),
        "`backoff_factor` is 0.5, so the delays would shrink: write at least 1; 1 keeps the delay the same"
    );
    for factor in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = error(default.with_factor(factor).into());
        assert!(error.starts_with("`backoff_factor` is "), "{error}");
        assert!(error.contains("not a finite number"), "{error}");
    }
    assert!(error(default.with_factor(-2.0).into()).starts_with("`backoff_factor` is -2"));
    let crossed = "`min_delay` is 31s, above `max_delay`, which is 30s: lower `min_delay` or raise `max_delay`";
    let too_long = Duration::from_secs(31);
    assert_eq!(error(default.with_min_delay(too_long).into()), crossed);
    assert_eq!(
        error(
            DecorrelatedJitter::default()
                .with_min_delay(too_long)
                .into()
        ),
        crossed
    );
}

/// The distance of the first from the last of a hundred clients that failed together.
fn spread_of(mut delay: impl FnMut(u64) -> Duration) -> Duration {
    let delays: Vec<_> = (0..100).map(&mut delay).collect();
    *delays.iter().max().unwrap() - *delays.iter().min().unwrap()
}

#[test]
fn clients_that_failed_together_do_not_come_back_together() {
    for factor in [1.0, 1.5, 10.0] {
        let recipe = Exponential::default().with_factor(factor);
        let first = |seed| Backoff::from(recipe).delays_seeded(seed).next().unwrap();
        assert!(spread_of(first) > ms(40));
        let hinted = |seed| Backoff::from(recipe).delays_seeded(seed).spread(ms(1_000));
        assert!(spread_of(hinted) > ms(150));
    }
}

#[test]
fn fresh_delays_differ_from_call_to_call() {
    for backoff in [
        Backoff::from(Exponential::default()),
        Backoff::from(DecorrelatedJitter::default()),
    ] {
        let [one, other] = [0, 1].map(|_| backoff.delays().take(20).collect::<Vec<_>>());
        assert_ne!(one, other);
    }
}
