use std::pin::pin;
use std::task::{self, Waker};

use opero_retry::{
    Attempt, Context, Fallback, ManualClock, Retry, RetryPolicy, Stack, Stage, Timeout, WaitMode,
};

use crate::script::{Script, ms};

/// Drives a call that fails, waits and times out, and drops it after `polls` polls. Was it over by then?
fn dropped_after(polls: usize, clock: &ManualClock, script: &Script) -> bool {
    let cx = Context::new(clock, WaitMode::Async);
    let stages = Stack::new(
        Retry::new(RetryPolicy::default().with_retries(2)).unwrap(),
        Stack::new(Fallback::new(), Timeout::new(ms(35)).unwrap()),
    );
    let mut call = pin!(stages.call(&cx, Attempt::FIRST, script));
    let mut task = task::Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if call.as_mut().poll(&mut task).is_ready() {
            return true;
        }
        // In an attempt, its own sleep and the timer; between two, the backoff alone.
        assert!((1..=2).contains(&clock.sleepers()));
        clock.advance(ms(10));
    }
    false
}

#[test]
fn a_call_dropped_at_any_await_point_leaves_nothing_behind() {
    // Attempts that fail by themselves, and such that outlast their time.
    for work in [20, 60] {
        let mut polls = 0;
        loop {
            let clock = ManualClock::new();
            let script = Script::failing().fallback_values(2).working(ms(work));
            let over = dropped_after(polls, &clock, &script);
            assert_eq!(clock.sleepers(), 0, "after {polls} polls");
            if over {
                assert_eq!(script.executions(), 6);
                break;
            }
            polls += 1;
        }
        assert!(polls > 20);
    }
}
