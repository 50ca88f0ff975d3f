//! One script gives one trace, whether the function is sync or async: the events in order with their attempts and
//! durations, the delays slept, the time at the end, the result with its history.

use std::time::Duration;

use opero::extend::block_on;
use opero::extend::types::{Rate, Time};
use opero::extend::{Attempt, Clock, Context, Operation, Stage, operation};
use opero::{Error, ManualClock, PipelineConfig, Rejected, opero};
use proptest::prelude::*;

use crate::support::{Failure, Script, Step, Trace, outcomes, with_clock};

/// What one call did and what came of it: the events, the waits, the time it took, the result.
type Done = (Vec<String>, Vec<Duration>, Duration, String);

fn done(
    trace: &Trace,
    clock: &ManualClock,
    call: impl FnOnce() -> Result<usize, Error<Failure>>,
) -> Done {
    let (before, started) = (clock.slept().len(), clock.now());
    let result = call();
    (
        trace.take(),
        clock.slept().split_off(before),
        clock.now().since(started),
        format!("{result:?}"),
    )
}

/// Pipelines without jitter, whose limits are often in the way.
fn configs() -> impl Strategy<Value = PipelineConfig> {
    let limit = |longest: u64| {
        prop::option::of((1..longest).prop_map(|ms| Time::Exact(Duration::from_millis(ms))))
    };
    let rate =
        prop::option::of((1..2_000_u64).prop_map(|ms| Rate::Every(Duration::from_millis(ms))));
    (
        any::<bool>(),
        0..5_u32,
        1..500_u64,
        limit(20_000),
        rate,
        1..4_u32,
        limit(3_000),
    )
        .prop_map(
            |(cache, retries, delay, max_elapsed, rate_limit, rate_burst, rate_max_wait)| {
                PipelineConfig {
                    cache,
                    cache_backend: "recording".to_owned(),
                    retries,
                    min_delay: Time::Exact(Duration::from_millis(delay)),
                    jitter: false,
                    max_elapsed,
                    rate_limit,
                    rate_burst,
                    rate_max_wait,
                    ..PipelineConfig::default()
                }
            },
        )
}

/// Rejects some of the attempts, for a reason that the predicates see.
#[derive(Debug)]
struct Breaker;

impl<T: Send, E: Send> Stage<T, E> for Breaker {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        let turn = attempt.number as usize + 3 * attempt.fallback_index;
        if turn.is_multiple_of(3) {
            let reason = ["soon", "switch", "soon or switch", "never"][turn % 4];
            return Err(Error::rejected(Rejected::by_stage("breaker", reason)));
        }
        next.attempt(cx, attempt).await
    }
}

const VALUES: [&str; 3] = ["first", "second", "third"];

/// Two calls of one script through a pipeline, the second one a hit or another round.
fn built(
    config: &PipelineConfig,
    fallback_values: usize,
    steps: &[Step],
    has_breaker: bool,
    sync: bool,
) -> [Done; 2] {
    let (name, clock) = ("parity of built pipelines", ManualClock::auto());
    let trace = Trace::of(name);
    let builder = config
        .clone()
        .into_builder()
        .name(name)
        .clock(clock.clone())
        .retry_on(|failure: &Failure| failure.retryable)
        .retry_after(|failure: &Failure| failure.hint)
        .fallback_on(|failure: &Failure| failure.next_value)
        .rejected_as(|rejected| rejected.clone().into());
    let script = &Script::new(&trace, clock.clone(), steps.iter().cloned());
    macro_rules! both_calls {
        ($builder:expr) => {{
            let pipeline = $builder.build().unwrap();
            let call = || match sync {
                true => {
                    let function = operation(move |at: Attempt| async move {
                        script.run(VALUES[at.fallback_index])
                    });
                    let call = function.keyed(script).with_fallback_values(fallback_values);
                    pipeline.execute_sync(&call)
                }
                false => {
                    let function =
                        operation(move |at: Attempt| script.run_async(VALUES[at.fallback_index]));
                    let call = function.keyed(script).with_fallback_values(fallback_values);
                    block_on(pipeline.execute(&call))
                }
            };
            [done(&trace, &clock, call), done(&trace, &clock, call)]
        }};
    }
    match has_breaker {
        true => both_calls!(builder.inside(Breaker)),
        false => both_calls!(builder),
    }
}

macro_rules! decorated {
    ($(#[$attribute:meta])* $($keyword:ident)+, $run:ident $(.$await:ident)?) => {
        #[opero(
            retries = 3,
            min_delay = 0.2,
            jitter = false,
            max_elapsed = 9,
            rate_limit = "2/s",
            rate_burst = 2,
            rate_max_wait = "400ms",
            rate_key = value,
            inside = Breaker,
            retry_on = |failure| failure.retryable,
            retry_after = |failure| failure.hint,
            fallback_on = |failure| failure.next_value,
            cache_if = |value| value % 2 == 0
        )]
        $($keyword)+ (
            script: &Script,
            #[fallback("first", "second")] value: &str,
        ) -> Result<usize, Error<Failure>> {
            Ok(script.$run(value)$(.$await)??)
        }
    };
}

decorated!(fn blocking, run);
decorated!(async fn asynchronous, run_async.await);

proptest! {
    #[test]
    fn built_pipelines_do_the_same_in_sync_and_async(
        config in configs(),
        fallback_values in 0..=3_usize,
        steps in outcomes(),
        has_breaker: bool,
    ) {
        prop_assert_eq!(
            built(&config, fallback_values, &steps, has_breaker, true),
            built(&config, fallback_values, &steps, has_breaker, false)
        );
    }
}

#[test]
fn decorated_functions_do_the_same_in_sync_and_async() {
    let (sync_clock, async_clock) = (ManualClock::auto(), ManualClock::auto());
    let sync_trace = Trace::of(concat!(module_path!(), "::blocking"));
    let async_trace = Trace::of(concat!(module_path!(), "::asynchronous"));
    // The first call binds a function to its clock.
    let warm = |trace: &Trace, clock: &ManualClock| {
        Script::new(trace, clock.clone(), [crate::support::Outcome::Value])
    };
    with_clock(sync_clock.clone(), || {
        blocking(&warm(&sync_trace, &sync_clock)).unwrap()
    });
    with_clock(async_clock.clone(), || {
        block_on(asynchronous(&warm(&async_trace, &async_clock))).unwrap()
    });
    sync_trace.take();
    async_trace.take();
    proptest!(|(steps in outcomes(), pause in 0..2_000_u64)| {
        for clock in [&sync_clock, &async_clock] {
            clock.advance(Duration::from_millis(pause));
        }
        let script = Script::new(&sync_trace, sync_clock.clone(), steps.iter().cloned());
        let call = || blocking(&script);
        let in_sync = [done(&sync_trace, &sync_clock, call), done(&sync_trace, &sync_clock, call)];
        let script = Script::new(&async_trace, async_clock.clone(), steps.iter().cloned());
        let call = || block_on(asynchronous(&script));
        let in_async = [done(&async_trace, &async_clock, call), done(&async_trace, &async_clock, call)];
        prop_assert_eq!(in_sync, in_async);
    });
}
