use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{Key, ManualClock};
use opero_ratelimit::{LimiterBackend, LimiterOptions, LocalLimiter, RateLimitConfig, Verdict};

use crate::support::{call, local, poll, quota};

const ONE: NonZeroU32 = NonZeroU32::MIN;

fn limiter(clock: &ManualClock, burst: u32) -> LocalLimiter {
    let options = LimiterOptions::new(
        quota(Duration::from_secs(1), burst),
        Arc::new(clock.clone()),
    );
    LocalLimiter::new(&options).unwrap()
}

#[test]
fn a_key_waits_for_itself_alone() {
    let clock = ManualClock::new();
    let limit =
        local(RateLimitConfig::new(quota(Duration::from_secs(1), 1)).with_clock(clock.clone()));
    let mut anna: Vec<_> = (0..3).map(|_| call(&limit, &clock, Some(1), 1)).collect();
    assert!(poll(anna[0].as_mut()).is_ready());
    assert!(poll(anna[1].as_mut()).is_pending());
    assert!(poll(anna[2].as_mut()).is_pending());
    assert!(poll(call(&limit, &clock, Some(2), 1).as_mut()).is_ready());
    assert!(poll(call(&limit, &clock, None, 1).as_mut()).is_ready());
    assert_eq!(limit.waiting(), 2);
}

#[test]
fn keys_that_come_once_leave_only_the_recent_ones() {
    let clock = ManualClock::new();
    let limiter = limiter(&clock, 1);
    let mut most = 0;
    for number in 0..200_000_u32 {
        assert_eq!(
            limiter.try_acquire(Some(Key::of(&number)), ONE),
            Verdict::Admitted
        );
        // 1,000 keys come in the second that one of them needs to be idle again.
        clock.advance(Duration::from_millis(1));
        if number % 1_000 == 0 {
            most = most.max(limiter.keys());
        }
    }
    assert!(most <= 2_000, "{most}");
}

#[test]
fn old_keys_are_forgotten_by_calls_of_a_few_others() {
    let clock = ManualClock::new();
    let limiter = limiter(&clock, 1);
    for number in 0..100_000_u32 {
        limiter.try_acquire(Some(Key::of(&number)), ONE);
    }
    assert_eq!(limiter.keys(), 100_000, "none is idle yet");
    clock.advance(Duration::from_secs(2));
    for number in 0..100_000_u32 {
        limiter.try_acquire(Some(Key::of(&(number % 64))), ONE);
    }
    assert!(limiter.keys() <= 64, "{}", limiter.keys());
}

#[test]
fn a_key_in_use_is_never_forgotten() {
    let clock = ManualClock::new();
    let limiter = limiter(&clock, 2);
    let busy = Some(Key::of("busy"));
    let mut admitted = 0;
    for number in 0..10_000_u32 {
        admitted += u32::from(limiter.try_acquire(busy, ONE) == Verdict::Admitted);
        limiter.try_acquire(Some(Key::of(&number)), ONE);
        clock.advance(Duration::from_millis(10));
    }
    // 100 seconds at one a second, and the burst of two.
    assert!((100..=102).contains(&admitted), "{admitted}");
}
