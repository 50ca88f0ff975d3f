//! `caller -> outside -> cache -> retry -> fallback -> rate limit -> inside -> timeout -> function`, as recorded.

use opero::extend::block_on;
use opero::extend::types::Present;
use opero::extend::{Attempt, operation};
use opero::{Error, ManualClock, Pipeline, PipelineBuilder, opero};

use crate::support::{Around, Failure, Outcome, Script, Trace, with_clock};
use Outcome::{Hang, Value};

const FAILURE: Outcome = Outcome::Failure(Failure::PLAIN);
const VALUES: [&str; 2] = ["first", "second"];

/// A miss: every stage is passed on the way in, innermost last, and the value is kept on the way out.
const MISS: &[&str] = &[
    "outside: in",
    "cache: get",
    "cache_miss",
    "limit: admitted",
    "inside: in",
    "execution_started 1.0",
    "function(first)",
    "execution_ended 1.0 ok",
    "inside: out",
    "cache: put",
    "cache_stored",
    "outside: out",
];

/// A hit: no retry, no permit, no execution.
const HIT: &[&str] = &["outside: in", "cache: get", "cache_hit", "outside: out"];

/// Both values fail, then after the delay the second one succeeds: each execution takes its own permit, each try goes
/// through all values before it backs off, and the delay of the retry is not spent inside the limit.
const RETRY_WITH_FALLBACK: &[&str] = &[
    "outside: in",
    "cache: get",
    "cache_miss",
    "limit: admitted",
    "inside: in",
    "execution_started 1.0",
    "function(first)",
    "execution_ended 1.0 failed",
    "inside: out",
    "fallback_used 1.1",
    "limit: wait",
    "limit: admitted",
    "permit_waited 250ms",
    "inside: in",
    "execution_started 1.1",
    "function(second)",
    "execution_ended 1.1 failed",
    "inside: out",
    "retry_scheduled 1.0 in 1s",
    "limit: admitted",
    "inside: in",
    "execution_started 2.0",
    "function(first)",
    "execution_ended 2.0 failed",
    "inside: out",
    "fallback_used 2.1",
    "limit: wait",
    "limit: admitted",
    "permit_waited 250ms",
    "inside: in",
    "execution_started 2.1",
    "function(second)",
    "execution_ended 2.1 ok",
    "inside: out",
    "cache: put",
    "cache_stored",
    "outside: out",
];

/// The first value hangs, the second one answers. The timeout is inside the user's inner stage, which sees its rejection,
/// and the permit that the second value waits for is not part of its time.
const TIMEOUT: &[&str] = &[
    "outside: in",
    "cache: get",
    "cache_miss",
    "limit: admitted",
    "inside: in",
    "execution_started 1.0",
    "function(first)",
    "rejected AttemptTimeout { limit: 100ms }",
    "execution_ended 1.0 failed",
    "inside: out",
    "fallback_used 1.1",
    "limit: wait",
    "limit: admitted",
    "permit_waited 150ms",
    "inside: in",
    "execution_started 1.1",
    "function(second)",
    "execution_ended 1.1 ok",
    "inside: out",
    "cache: put",
    "cache_stored",
    "outside: out",
];

/// Calls the same script twice where it succeeds, and gives the trace of each scenario: misses, and a hit behind each.
fn check<const N: usize>(
    trace: &Trace,
    clock: &ManualClock,
    call: impl Fn(&Script) -> Result<usize, Error<Failure>>,
    scenarios: [(&[Outcome], &[&str]); N],
) {
    for (outcomes, expected) in scenarios {
        let script = Script::new(trace, clock.clone(), outcomes.iter().cloned());
        let executed = call(&script).unwrap();
        assert_eq!(trace.take(), expected, "{outcomes:?}");
        assert_eq!(call(&script).unwrap(), executed);
        assert_eq!(trace.take(), HIT, "after {outcomes:?}");
        // A full second for the next scenario's permit.
        clock.advance(std::time::Duration::from_secs(1));
    }
}

const SCENARIOS: [(&[Outcome], &[&str]); 2] = [
    (&[Value], MISS),
    (&[FAILURE, FAILURE, FAILURE, Value], RETRY_WITH_FALLBACK),
];

fn pipeline(
    name: &str,
    clock: &ManualClock,
) -> PipelineBuilder<Failure, Present<Around>, Present<Around>> {
    Pipeline::builder()
        .name(name)
        .clock(clock.clone())
        .cache_backend("recording")
        .retries(1)
        .min_delay(1)
        .jitter(false)
        .rate_limit("4/s")
        .rate_backend(format!("recording://{name}"))
        .outside(Around("outside"))
        .inside(Around("inside"))
}

#[test]
fn a_built_pipeline_has_the_one_order() {
    let (name, clock) = ("order of a built pipeline", ManualClock::auto());
    let trace = Trace::of(name);
    let blocking = pipeline(name, &clock).build().unwrap();
    let call = |script: &Script| {
        let function =
            operation(move |at: Attempt| async move { script.run(VALUES[at.fallback_index]) });
        blocking.execute_sync(&function.keyed(script).with_fallback_values(2))
    };
    check(&trace, &clock, call, SCENARIOS);

    let asynchronous = pipeline(name, &clock)
        .attempt_timeout("100ms")
        .build()
        .unwrap();
    let call = |script: &Script| {
        let function = operation(move |at: Attempt| script.run_async(VALUES[at.fallback_index]));
        block_on(asynchronous.execute(&function.keyed(script).with_fallback_values(2)))
    };
    check(&trace, &clock, call, SCENARIOS);
    check(&trace, &clock, call, [(&[Hang, Value], TIMEOUT)]);
}

#[opero(
    cache_backend = "recording",
    retries = 1,
    min_delay = 1,
    jitter = false,
    rate_limit = "4/s",
    rate_backend = "recording://all::order::blocking",
    outside = Around("outside"),
    inside = Around("inside")
)]
fn blocking(
    script: &Script,
    #[fallback("first", "second")] value: &str,
) -> Result<usize, Error<Failure>> {
    Ok(script.run(value)?)
}

#[opero(
    cache_backend = "recording",
    retries = 1,
    min_delay = 1,
    jitter = false,
    rate_limit = "4/s",
    rate_backend = "recording://all::order::asynchronous",
    attempt_timeout = "100ms",
    outside = Around("outside"),
    inside = Around("inside")
)]
async fn asynchronous(
    script: &Script,
    #[fallback("first", "second")] value: &str,
) -> Result<usize, Error<Failure>> {
    Ok(script.run_async(value).await?)
}

#[test]
fn a_decorated_sync_function_has_the_one_order() {
    let clock = ManualClock::auto();
    let trace = Trace::of("all::order::blocking");
    with_clock(clock.clone(), || check(&trace, &clock, blocking, SCENARIOS));
}

#[test]
fn a_decorated_async_function_has_the_one_order() {
    let clock = ManualClock::auto();
    let trace = Trace::of("all::order::asynchronous");
    let call = |script: &Script| block_on(asynchronous(script));
    with_clock(clock.clone(), || {
        check(&trace, &clock, call, SCENARIOS);
        check(&trace, &clock, call, [(&[Hang, Value], TIMEOUT)]);
    });
}
