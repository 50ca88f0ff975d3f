//! What the builder can do beside the attribute: keys and fallback values made of arguments, refresh in the background,
//! and pipelines that are cloned and named.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::time::Duration;

use opero::{Error, Event, ManualClock, Pipeline};

/// What an attempt is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
struct Request {
    prompt: &'static str,
    account: &'static str,
    model: &'static str,
}

const fn request(prompt: &'static str, account: &'static str) -> Request {
    let model = "";
    Request {
        prompt,
        account,
        model,
    }
}

/// It can be named, and so be in a static.
static SHARED: LazyLock<Pipeline<String>> = LazyLock::new(|| {
    Pipeline::builder()
        .retries(0)
        .cache_key(|request: &Request| request.prompt)
        .arg_fallback(["large", "small"], |request: &mut Request, model| {
            request.model = model;
        })
        .build()
        .unwrap()
});

/// The larger model has an outage.
fn answer(request: &Request, calls: &AtomicU32) -> Result<String, String> {
    calls.fetch_add(1, SeqCst);
    match request.model {
        "large" => Err("overloaded".into()),
        model => Ok(format!("{model} to {}", request.prompt)),
    }
}

#[test]
fn values_are_tried_in_order_and_the_key_says_what_is_one_call() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let ask = move |request: &Request, _| answer(request, &counted);
    let first = SHARED.call_owned_sync(request("hello", "anna"), ask.clone());
    assert_eq!(first.unwrap(), "small to hello");
    assert_eq!(calls.load(SeqCst), 2);
    // Another account, the same prompt: a hit; and a clone has the same cache.
    let second = SHARED
        .clone()
        .call_owned_sync(request("hello", "bert"), ask);
    assert_eq!(second.unwrap(), "small to hello");
    assert_eq!(calls.load(SeqCst), 2);
}

#[test]
fn items_of_a_map_have_keys_and_values_too() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let accounts = ["anna", "bert", "carl"].map(|account| request("mapped", account));
    let ask = move |request: &Request, _| answer(request, &counted);
    let run = SHARED.map_owned(accounts, ask).progress(false);
    // The run borrows nothing, so it may go on in the background.
    let answers: Vec<_> = run.workers(1).iter().map(Result::unwrap).collect();
    assert_eq!(answers, ["small to mapped"; 3]);
    assert_eq!(calls.load(SeqCst), 2);
}

#[test]
fn each_rate_key_has_a_limiter_and_a_call_its_cost() {
    let limited = Pipeline::<String>::builder()
        .cache(false)
        .clock(ManualClock::new())
        .rate_limit("10/min")
        .rate_burst(2)
        .rate_max_wait("1ms")
        .rate_key(|request: &Request| request.account)
        .rate_cost(|request: &Request| request.prompt.len().try_into().unwrap())
        .build()
        .unwrap();
    let call = |pipeline: &Pipeline<_>, prompt, account| {
        pipeline.call_owned_sync(request(prompt, account), |_, _| Ok(()))
    };
    assert!(call(&limited, "ab", "anna").is_ok());
    assert!(
        call(&limited.clone(), "a", "anna")
            .unwrap_err()
            .is_rate_limited()
    );
    assert!(call(&limited, "a", "bert").is_ok());
    assert!(call(&limited, "a", "bert").is_ok());
    assert!(call(&limited, "a", "bert").unwrap_err().is_rate_limited());
}

#[test]
fn the_rate_key_sees_the_value_that_executes() {
    let limited = Pipeline::<String>::builder()
        .cache(false)
        .retries(0)
        .clock(ManualClock::new())
        .rate_limit("1/min")
        .rate_max_wait("1ms")
        .rate_key(|request: &Request| request.model)
        .arg_fallback(["large", "small"], |request: &mut Request, model| {
            request.model = model;
        })
        .build()
        .unwrap();
    let call = || {
        let model = |request: &Request, _| Ok(request.model);
        limited.call_owned_sync(request("hello", "anna"), model)
    };
    // Each model has a permit a minute, and the one that has none passes the turn.
    assert_eq!(call().unwrap(), "large");
    assert_eq!(call().unwrap(), "small");
    assert!(call().unwrap_err().is_rate_limited());
}

fn stale(clock: &ManualClock) -> Pipeline<String> {
    Pipeline::builder()
        .clock(clock.clone())
        .cache_ttl("10s")
        .cache_stale("1h")
        .build()
        .unwrap()
}

/// Calls until the value is there. The limit only turns a hang into a failure.
fn until(expected: u32, mut call: impl FnMut() -> u32) {
    let limit = std::time::Instant::now() + Duration::from_secs(60);
    while call() != expected {
        assert!(std::time::Instant::now() < limit, "never {expected}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_stale_value_is_served_while_the_background_refreshes_it() {
    let clock = ManualClock::new();
    let pipeline = stale(&clock);
    let (go, gate) = mpsc::channel::<()>();
    let state = Arc::new((AtomicU32::new(0), Mutex::new(gate)));
    let function = move |_: &u32, _| {
        let (calls, gate) = &*state;
        let call = calls.fetch_add(1, SeqCst);
        if call > 0 {
            // A caller that had to wait for the fresh value would hang here.
            gate.lock().unwrap().recv().unwrap();
        }
        Ok(call)
    };
    let call = || pipeline.call_owned_sync(7, function.clone()).unwrap();
    assert_eq!(call(), 0);
    clock.advance(Duration::from_secs(11));
    assert_eq!((call(), call()), (0, 0));
    go.send(()).unwrap();
    until(1, call);
}

#[tokio::test]
async fn an_async_one_is_refreshed_on_the_runtime() {
    let clock = ManualClock::new();
    let pipeline = stale(&clock);
    let calls = Arc::new(AtomicU32::new(0));
    let go = Arc::new(tokio::sync::Notify::new());
    let gate = Arc::clone(&go);
    let function = move |_: u32, _| {
        let (call, gate) = (calls.fetch_add(1, SeqCst), Arc::clone(&gate));
        async move {
            if call > 0 {
                gate.notified().await;
            }
            Ok(call)
        }
    };
    let call = async || pipeline.call_owned(7, function.clone()).await.unwrap();
    assert_eq!(call().await, 0);
    clock.advance(Duration::from_secs(11));
    assert_eq!((call().await, call().await), (0, 0));
    go.notify_one();
    while call().await != 1 {
        tokio::task::yield_now().await;
    }
}

/// What a wrong pipeline or call is told.
#[track_caller]
fn rejected<T, E: std::fmt::Debug>(
    result: Result<T, E>,
    parameter: impl Fn(&E) -> Option<String>,
    expected: (&str, &str),
) {
    let error = result.err().unwrap();
    assert_eq!(parameter(&error).as_deref(), Some(expected.0), "{error:?}");
    assert!(format!("{error:?}").contains(expected.1), "{error:?}");
}

#[test]
fn arguments_of_another_type_are_rejected() {
    let parameter = |error: &opero::ConfigError| Some(error.parameter().to_owned());
    let built = Pipeline::<String>::builder()
        .cache_key(|request: &Request| request.prompt)
        .rate_key(|name: &String| name.clone())
        .build();
    rejected(built, parameter, ("rate_key", "String"));
    let built = Pipeline::<String>::builder()
        .arg_fallback([], |request: &mut Request, model| request.model = model)
        .build();
    rejected(built, parameter, ("arg_fallback", "empty"));

    let parameter = |error: &Error<String>| match error.rejection()?.kind() {
        opero::RejectedKind::Config(error) => Some(error.parameter().to_owned()),
        _ => None,
    };
    let expected = ("cache_key", "call_owned");
    rejected(
        SHARED.call_owned_sync(7_u8, |_, _| Ok(7)),
        parameter,
        expected,
    );
    // What it does not see it cannot make a key of.
    rejected(SHARED.call_sync("hello", |_| Ok(7)), parameter, expected);
    rejected(SHARED.run_sync(|_| Ok(7)), parameter, expected);
    let mut results = SHARED.map([7], |n, _| Ok(*n)).progress(false).run();
    rejected(results.remove(0), parameter, expected);
}

#[cfg(feature = "cache-disk")]
#[test]
fn a_stable_key_is_found_by_another_pipeline() {
    let directory = std::env::temp_dir().join(format!("opero-pipeline-{}", std::process::id()));
    let url = format!("disk://{}", directory.display());
    let misses = Arc::new(AtomicU32::new(0));
    for account in ["anna", "bert"] {
        let counted = Arc::clone(&misses);
        let observer = move |_: &str, event: &Event<'_>| {
            counted.fetch_add(matches!(event, Event::CacheMiss).into(), SeqCst);
        };
        let pipeline = Pipeline::<String>::builder()
            .name("pipeline test")
            .cache_backend(&*url)
            .stable_cache_key(|request: &Request| request.prompt)
            .observer(observer)
            .build()
            .unwrap();
        let ask = |request: &Request, _| Ok(format!("{} for {}", request.prompt, request.account));
        let answer = pipeline.call_owned_stable_sync("ask", request("hello", account), ask);
        assert_eq!(answer.unwrap(), "hello for anna");
    }
    assert_eq!(misses.load(SeqCst), 1);
    std::fs::remove_dir_all(directory).unwrap();
}

/// Of a synchronous closure, neither value nor error need be `Send`; the cache keeps the value.
#[test]
fn synchronous_closures_keep_their_errors_on_their_thread() {
    let seen = Arc::new(AtomicU32::new(0));
    let events = Arc::clone(&seen);
    let pipeline = Pipeline::<Box<dyn std::error::Error>>::builder()
        .retries(2)
        .min_delay("0s")
        .retry_on(|error| error.is::<std::num::ParseIntError>())
        .observer(move |_: &str, event: &Event<'_>| {
            if matches!(event, Event::RetryScheduled { .. }) {
                events.fetch_add(1, SeqCst);
            }
        })
        .build()
        .unwrap();
    let texts = ["x", "y", "3"];
    let calls = AtomicU32::new(0);
    let call = |_| Ok(texts[calls.fetch_add(1, SeqCst) as usize].parse::<u8>()?);
    for _ in 0..2 {
        assert_eq!(pipeline.call_sync("args", call).unwrap(), 3);
    }
    assert_eq!((calls.load(SeqCst), seen.load(SeqCst)), (3, 2));
    let once = pipeline.run_sync(|_| Err::<Rc<u8>, _>("no number".into()));
    assert_eq!(once.unwrap_err().attempts(), 1);
    assert_eq!(*pipeline.run_sync(|_| Ok(Rc::new(7))).unwrap(), 7);
}
