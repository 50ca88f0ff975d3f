//! A call dropped at any await point leaves no sleeper, no permit's place, no flight and no argument behind.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use opero::extend::{Attempt, Clock, operation};
use opero::{Error, ManualClock, opero, operomap};

use crate::support::{Failure, Outcome, Script, Step, Trace, poll_once, with_clock};

type Outcomes = Result<usize, Error<Failure>>;

const NAME: &str = "all::cancel::call";

/// Every kind of waiting is in it: for a lookup, for a permit, for the function, for its timeout, for a retry, for a
/// store.
#[opero(
    cache_backend = "recording",
    cache_key = |_key| _key,
    retries = 2,
    min_delay = "300ms",
    jitter = false,
    attempt_timeout = "400ms",
    rate_limit = "4/s",
    rate_backend = "recording://all::cancel::call"
)]
async fn call(
    script: &Script,
    _key: usize,
    token: Arc<()>,
    #[fallback("first", "second")] value: &str,
) -> Outcomes {
    let _held = token;
    Ok(script.run_async(value).await?)
}

/// Fails, hangs, fails twice, then succeeds; each time after some work.
fn eventful(trace: &Trace, clock: &ManualClock) -> Script {
    let failure = || Outcome::Failure(Failure::PLAIN);
    let outcomes = [
        failure(),
        Outcome::Hang,
        failure(),
        failure(),
        Outcome::Value,
    ];
    let work = Duration::from_millis(100);
    let steps = outcomes.map(|outcome| Step { work, outcome });
    Script::new(trace, clock.clone(), steps)
}

/// Polls once and lets some time pass.
fn step<F: Future + ?Sized>(clock: &ManualClock, future: Pin<&mut F>) -> Poll<F::Output> {
    let poll = poll_once(future);
    clock.advance(Duration::from_millis(50));
    poll
}

fn finish<F: Future>(clock: &ManualClock, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    for _ in 0..1_000 {
        if let Poll::Ready(output) = step(clock, future.as_mut()) {
            return output;
        }
    }
    panic!("it hangs");
}

/// What a call does that finds no trace of another one but, maybe, its result.
fn undisturbed(stored: bool) -> &'static [&'static str] {
    if stored {
        return &["cache: get", "cache_hit"];
    }
    &[
        "cache: get",
        "cache_miss",
        "limit: admitted",
        "execution_started 1.0",
        "function(first)",
        "execution_ended 1.0 ok",
        "cache: put",
        "cache_stored",
    ]
}

#[test]
fn a_call_dropped_at_any_await_point_leaves_nothing_behind() {
    let clock = ManualClock::new();
    let trace = Trace::of(NAME);
    let run = || {
        for polls in 0.. {
            let (script, token) = (eventful(&trace, &clock), Arc::new(()));
            let mut dropped = Box::pin(call(&script, polls, Arc::clone(&token)));
            let ready = (0..polls).any(|_| step(&clock, dropped.as_mut()).is_ready());
            drop(dropped);
            assert_eq!(clock.sleepers(), 0, "after {polls} polls");
            assert_eq!(Arc::strong_count(&token), 1, "after {polls} polls");

            let stored = trace.take().iter().any(|line| line == "cache_stored");
            // Its permits were taken; the next one is there in time.
            clock.advance(Duration::from_secs(1));
            let script = Script::new(&trace, clock.clone(), [Outcome::Value]);
            finish(&clock, call(&script, polls, token)).unwrap();
            assert_eq!(trace.take(), undisturbed(stored), "after {polls} polls");
            if ready {
                assert!(stored);
                return polls;
            }
        }
        unreachable!("the script ends");
    };
    let polls = with_clock(clock.clone(), run);
    assert!(
        polls > 30,
        "only {polls} polls: the script is too short to show anything"
    );
}

/// What the stages hold is only shown, so it is read from there.
fn holds_nothing(stages: &opero::extend::types::Stages) -> bool {
    let shown = format!("{stages:?}");
    shown.contains("Flights { under_way: 0 }") && shown.contains("waiting: 0")
}

#[test]
fn a_dropped_call_leaves_no_flight_and_no_place_in_the_queue() {
    let clock = ManualClock::new();
    let trace = Trace::of("dropped calls of a built pipeline");
    let pipeline = opero::Pipeline::builder()
        .clock(clock.clone())
        .cache_backend("recording")
        .retries(2)
        .min_delay("300ms")
        .attempt_timeout("400ms")
        .rate_limit("4/s")
        .build()
        .unwrap();
    let mut seen_at_work = 0;
    for polls in 0.. {
        let scripts = [eventful(&trace, &clock), eventful(&trace, &clock)];
        let mut calls = scripts.iter().map(|script| {
            let call = operation(move |at: Attempt| script.run_async(["", " "][at.fallback_index]));
            let pipeline = &pipeline;
            Box::pin(async move {
                pipeline
                    .execute(&call.keyed(script).with_fallback_values(2))
                    .await
            })
        });
        // The second one often waits behind the first for its permit.
        let (mut one, mut other) = (calls.next().unwrap(), calls.next().unwrap());
        let ready = (0..polls).any(|_| {
            let ready = poll_once(other.as_mut()).is_ready();
            ready || step(&clock, one.as_mut()).is_ready()
        });
        seen_at_work += usize::from(!holds_nothing(pipeline.stages()));
        drop(one);
        drop(other);
        assert!(holds_nothing(pipeline.stages()), "{:?}", pipeline.stages());
        if ready {
            break;
        }
    }
    assert!(
        seen_at_work > 30,
        "only {seen_at_work} were dropped at work"
    );
}

/// The same, for the calls that wait for the dropped one.
#[opero(
    cache_backend = "recording",
    cache_key = |_key| _key,
    retries = 2,
    min_delay = "300ms",
    jitter = false,
    attempt_timeout = "400ms",
    rate_limit = "4/s"
)]
async fn followed(
    script: &Script,
    _key: usize,
    #[fallback("first", "second")] value: &str,
) -> Outcomes {
    Ok(script.run_async(value).await?)
}

#[test]
fn whoever_waits_for_a_dropped_call_goes_on_at_once() {
    let clock = ManualClock::new();
    let trace = Trace::of("all::cancel::followed");
    let run = || {
        for polls in 1.. {
            let script = eventful(&trace, &clock);
            let mut leader = Box::pin(followed(&script, polls));
            let mut gone = Box::pin(followed(&script, polls));
            let mut follower = Box::pin(followed(&script, polls));
            let ready = (0..polls).any(|_| {
                let ready = poll_once(leader.as_mut()).is_ready();
                if !ready {
                    assert!(poll_once(gone.as_mut()).is_pending());
                    assert!(poll_once(follower.as_mut()).is_pending());
                }
                clock.advance(Duration::from_millis(50));
                ready
            });
            drop(leader);
            drop(gone);
            finish(&clock, follower.as_mut()).unwrap();
            assert_eq!(clock.sleepers(), 0, "after {polls} polls");
            if ready {
                assert_eq!(script.executions(), 5, "the follower executed nothing");
                return;
            }
        }
    };
    with_clock(clock.clone(), run);
}

#[operomap(
    cache_key = |key| key,
    retries = 1,
    min_delay = "300ms",
    jitter = false,
    rate_limit = "10/s",
    workers = 3,
    progress = false
)]
async fn mapped(
    key: usize,
    clock: ManualClock,
    token: Arc<()>,
) -> Result<usize, Error<&'static str>> {
    let _held = token;
    clock.sleep(Duration::from_millis(70)).await;
    match key % 2 {
        0 => Ok(key),
        _ => Err("odd")?,
    }
}

#[test]
fn a_map_dropped_at_any_await_point_leaves_nothing_behind() {
    let clock = ManualClock::new();
    let run = || {
        for polls in 0.. {
            let token = Arc::new(());
            let items = (0..10).map(move |n| n + 100 * polls);
            let run = mapped(items, clock.clone(), Arc::clone(&token));
            let mut run = run.into_future();
            let ready = (0..polls).any(|_| step(&clock, run.as_mut()).is_ready());
            drop(run);
            assert_eq!(clock.sleepers(), 0, "after {polls} polls");
            assert_eq!(Arc::strong_count(&token), 1, "after {polls} polls");
            if ready {
                return;
            }
        }
    };
    with_clock(clock.clone(), run);
}
