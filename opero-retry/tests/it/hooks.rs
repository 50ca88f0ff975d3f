use std::time::Duration;

use opero_core::Key;
use opero_retry::{
    Attempt, Context, Exponential, Fallback, ManualClock, Operation, OperationExt, Retry,
    RetryPolicy, Stage, WaitMode, operation,
};

use crate::script::ms;

/// Fails with the number of the attempt and the fallback index.
fn failing() -> impl Operation<(), (u32, usize)> {
    operation(|attempt: Attempt| async move { Err((attempt.number, attempt.fallback_index)) })
        .with_fallback_values(4)
}

#[test]
fn only_errors_the_predicate_holds_for_are_retried() {
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Blocking);
    let steady = Exponential::default().with_jitter(false);
    let policy = RetryPolicy::default().with_retries(9).with_backoff(steady);
    let retry = Retry::new(policy).unwrap();
    let call = failing()
        .with_retry_on(|(number, _): &(u32, usize)| *number < 3)
        .with_retry_after(|(number, _): &(u32, usize)| (*number == 2).then_some(ms(7)));
    let error = opero_core::block_on(retry.call(&cx, Attempt::FIRST, &call)).unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(clock.slept(), [ms(100), ms(7)]);
}

#[test]
fn only_errors_the_predicate_holds_for_get_the_next_value() {
    let call = failing().with_fallback_on(|(_, fallback_index): &(u32, usize)| *fallback_index < 1);
    assert_eq!(
        Fallback::new().execute_sync(&call).unwrap_err().attempts(),
        2
    );
}

#[test]
fn a_hook_hides_nothing_that_the_operation_knows() {
    let inner = operation(|_: Attempt| async { Ok::<u8, ()>(1) })
        .keyed("arguments")
        .with_rate_key("tenant")
        .with_cost(3)
        .with_fallback_values(2);
    let borrowed = &inner;
    let hooked = borrowed
        .with_retry_on(|(): &()| false)
        .with_retry_after(|(): &()| Some(Duration::ZERO))
        .with_fallback_on(|(): &()| false)
        .with_rejected_as(|_| ());
    let [inner, hooked]: [&dyn Known; 2] = [&inner, &hooked];
    assert_eq!(inner.known(), hooked.known());
    assert!(inner.known().0.is_some());
}

trait Known {
    fn known(&self) -> (Option<Key>, Option<Key>, u32, usize);
}

impl<O: Operation<u8, ()>> Known for O {
    fn known(&self) -> (Option<Key>, Option<Key>, u32, usize) {
        let arguments = self.arguments();
        (
            arguments.key(),
            arguments.rate_key(Attempt::FIRST),
            arguments.cost(Attempt::FIRST),
            arguments.fallback_values(),
        )
    }
}
