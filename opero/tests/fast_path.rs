//! The bare first attempt of an unobserved call gives the same as the whole pipeline does under an observer's eyes.
//!
//! A test binary of its own: no test here may install a global observer, which would switch the fast path off.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

use std::future::Future;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use opero::extend::{Attempt, Clock, operation};
use opero::{Event, ManualClock, Pipeline};
use proptest::prelude::*;

/// What one execution does: fail in one of the ways that a predicate tells apart, or return.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Failure {
    retry: bool,
    fall_back: bool,
    hint: Option<u64>,
}

#[derive(Debug, Clone)]
struct Setting {
    script: Vec<Option<Failure>>,
    retries: u32,
    fallback_values: usize,
    rate: Option<(u32, u32, Option<u32>)>,
    cache: bool,
    is_keyed: bool,
    is_timed: bool,
    is_bounded: bool,
}

#[derive(Debug, PartialEq)]
struct Seen {
    results: Vec<String>,
    executions: Vec<(Attempt, u64)>,
    slept: Vec<Duration>,
}

fn run(setting: &Setting, watched: bool, sync: bool) -> Seen {
    let clock = ManualClock::auto();
    let mut builder = Pipeline::<Failure>::builder()
        .clock(clock.clone())
        .retries(setting.retries)
        .jitter(false)
        .min_delay(0.2)
        .cache(setting.cache)
        .retry_on(|failure: &Failure| failure.retry)
        .fallback_on(|failure: &Failure| failure.fall_back)
        .retry_after(|failure: &Failure| failure.hint.map(Duration::from_secs));
    if let Some((rate, burst, wait)) = setting.rate {
        builder = builder.rate_limit(rate).rate_burst(burst);
        if let Some(wait) = wait {
            builder = builder.rate_max_wait(f64::from(wait) * 0.3);
        }
    }
    if setting.is_timed {
        builder = builder.attempt_timeout("1h");
    }
    if setting.is_bounded {
        builder = builder.max_elapsed("1s");
    }
    if watched {
        builder = builder.observer(|_: &str, _: &Event<'_>| {});
    }
    let pipeline = builder.build().unwrap();
    let executions = Mutex::new(Vec::new());
    let execute = |attempt| {
        let mut executions = executions.lock().unwrap();
        let step = setting.script[executions.len() % setting.script.len()];
        executions.push((attempt, clock.now().as_nanos()));
        step.map_or(Ok(executions.len()), Err)
    };
    let execute = &execute;
    let body = move |attempt| async move { execute(attempt) };
    let call = operation(body).with_fallback_values(setting.fallback_values);
    let keyed = operation(body)
        .keyed(&1)
        .with_fallback_values(setting.fallback_values);
    let results = (0..3).map(|_| match (setting.is_keyed, sync) {
        (true, true) => format!("{:?}", pipeline.execute_sync(&keyed)),
        (true, false) => format!("{:?}", opero::extend::block_on(pipeline.execute(&keyed))),
        (false, true) => format!("{:?}", pipeline.execute_sync(&call)),
        (false, false) => format!("{:?}", opero::extend::block_on(pipeline.execute(&call))),
    });
    let results = results.collect();
    Seen {
        results,
        executions: executions.lock().unwrap().clone(),
        slept: clock.slept(),
    }
}

fn settings() -> impl Strategy<Value = Setting> {
    let failure = (any::<bool>(), any::<bool>(), proptest::option::of(0..5_u64));
    let failure = failure.prop_map(|(retry, fall_back, hint)| Failure {
        retry,
        fall_back,
        hint,
    });
    let rate = (1..6_u32, 1..4_u32, proptest::option::of(1..3_u32));
    (
        proptest::collection::vec(proptest::option::weighted(0.7, failure), 1..30),
        0..4_u32,
        0..4_usize,
        proptest::option::of(rate),
        any::<(bool, bool, bool, bool)>(),
    )
        .prop_map(|(script, retries, fallback_values, rate, flags)| {
            let (cache, is_keyed, is_timed, is_bounded) = flags;
            Setting {
                script,
                retries,
                fallback_values,
                rate,
                cache,
                is_keyed,
                is_timed,
                is_bounded,
            }
        })
}

proptest! {
    #[test]
    fn the_fast_path_changes_nothing(setting in settings()) {
        let seen = run(&setting, false, true);
        prop_assert_eq!(&run(&setting, true, true), &seen);
        let seen_async = run(&setting, false, false);
        prop_assert_eq!(&run(&setting, true, false), &seen_async);
        // A synchronous attempt cannot be stopped, and is rejected.
        match setting.is_timed {
            false => prop_assert_eq!(&seen, &seen_async),
            true => prop_assert!(seen.executions.is_empty()),
        }
    }
}

#[test]
fn a_pipeline_can_share_its_errors() {
    let pipeline = Pipeline::builder()
        .retries(0)
        .share_errors()
        .build()
        .unwrap();
    let (executions, open) = (Mutex::new(0), tokio::sync::Semaphore::new(0));
    let fail = |_| async {
        *executions.lock().unwrap() += 1;
        let _permit = open.acquire().await;
        Err::<(), _>("no")
    };
    let mut task = Context::from_waker(Waker::noop());
    let mut calls: Vec<_> = (0..8).map(|_| Box::pin(pipeline.call(&1, fail))).collect();
    for call in &mut calls {
        assert!(call.as_mut().poll(&mut task).is_pending());
    }
    open.add_permits(1);
    for call in &mut calls {
        assert!(matches!(call.as_mut().poll(&mut task), Poll::Ready(Err(_))));
    }
    assert_eq!(*executions.lock().unwrap(), 1);
}
