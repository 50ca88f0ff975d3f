use opero_core::block_on;
use opero_retry::{
    Attempt, Constant, Context, DecorrelatedJitter, Exponential, Fallback, ManualClock, Retry,
    RetryPolicy, Stack, Stage, WaitMode,
};
use proptest::prelude::*;

use crate::script::{Outcome, Pipe, Script, Trace, failures, ms, outcomes};

/// What the call did and what came of it: the events, the waits, the time, the result.
fn trace(
    policy: &RetryPolicy,
    script: Script,
    piped: bool,
    waiting: WaitMode,
) -> impl PartialEq + std::fmt::Debug {
    let clock = ManualClock::auto();
    let trace = Trace::default();
    let cx = Context::new(&clock, waiting).with_observer(&trace);
    let retry = Retry::new(policy.clone()).unwrap();
    let result = match piped {
        true => block_on(Pipe(retry).call(&cx, &script)),
        false => block_on(Stack::new(retry, Fallback::new()).call(&cx, Attempt::FIRST, &script)),
    };
    (
        trace.lines(),
        clock.slept(),
        cx.now(),
        format!("{result:?}"),
    )
}

fn policy() -> impl Strategy<Value = RetryPolicy> {
    let limit = prop::option::of((0..20_000_u64).prop_map(ms));
    (0..6_u32, 1..500_u64, limit).prop_map(|(retries, delay, limit)| {
        let backoff = Exponential::default()
            .with_min_delay(ms(delay))
            .with_jitter(false);
        RetryPolicy::default()
            .with_retries(retries)
            .with_backoff(backoff)
            .with_max_elapsed(limit)
    })
}

proptest! {
    #[test]
    fn one_script_gives_one_trace_in_sync_and_async(
        outcomes in outcomes(),
        policy in policy(),
        fallback_values in 0..4_usize,
        work in 0..300_u64,
        rejected_as in prop::option::of(failures()),
        piped: bool,
    ) {
        let script = || {
            let script = Script::new(outcomes.clone()).fallback_values(fallback_values);
            script.working(ms(work)).rejected_as(rejected_as.clone())
        };
        prop_assert_eq!(
            trace(&policy, script(), piped, WaitMode::Blocking),
            trace(&policy, script(), piped, WaitMode::Async)
        );
    }
}

#[test]
fn a_blocking_call_is_ready_at_its_first_poll() {
    for policy in [
        RetryPolicy::default(),
        RetryPolicy::default().with_backoff(Constant::new(ms(3))),
        RetryPolicy::default().with_backoff(DecorrelatedJitter::default()),
    ] {
        let clock = ManualClock::auto();
        let cx = Context::new(&clock, WaitMode::Blocking);
        let script = Script::new([Outcome::TimedOut]).fallback_values(2);
        let stages = Stack::new(Retry::new(policy).unwrap(), Fallback::new());
        let call = std::pin::pin!(stages.call(&cx, Attempt::FIRST, &script));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.poll(&mut task).is_ready());
        assert_eq!(script.executions(), 8);
    }
}
