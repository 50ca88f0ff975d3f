//! The cache is an aid: when its backend is down, slow or full of foreign entries, calls still run, at a bounded extra
//! delay, and an event says so.

use std::time::Duration;

use opero::extend::block_on;
use opero::{Error, ManualClock, opero};

use crate::support::{Failure, FlakyCache, Health, Outcome, Script, Trace, with_clock};

macro_rules! decorated {
    ($($keyword:ident)+, $run:ident $(.$await:ident)?, $backend:literal) => {
        #[opero(cache_backend = $backend, min_delay = 1, max_delay = 1)]
        $($keyword)+ (script: &Script) -> Result<usize, Error<Failure>> {
            Ok(script.$run("value")$(.$await)??)
        }
    };
}

decorated!(fn blocking, run, "flaky://user:password@blocking");
decorated!(async fn asynchronous, run_async.await, "flaky://user:password@asynchronous");

const DOWN: &str = "cache_unavailable flaky: connection refused";
const SLOW: &str = "cache_unavailable flaky: no answer in time";
const EXECUTED: [&str; 3] = [
    "execution_started 1.0",
    "function(value)",
    "execution_ended 1.0 ok",
];

/// The trace of a call that executes, with what the lookup and the store say.
fn executed(lookup: &[&str], store: &str) -> Vec<String> {
    let lines = [lookup, &["cache_miss"], &EXECUTED, &[store]].concat();
    lines.into_iter().map(str::to_owned).collect()
}

fn check(name: &str, backend: &str, call: impl Fn(&Script) -> Result<usize, Error<Failure>>) {
    let (clock, trace) = (ManualClock::auto(), Trace::of(name));
    let cache = FlakyCache::made(backend, &clock);
    let script = Script::new(&trace, clock.clone(), [Outcome::Value]);
    let call = || (call(&script).unwrap(), trace.take(), clock.slept().len());
    let hit = vec!["cache_hit".to_owned()];
    with_clock(clock.clone(), || {
        cache.is(Health::Down);
        assert_eq!(call(), (0, executed(&[DOWN], DOWN), 0));

        // Once for the lookup, once for the store, and never more: the backend's own patience is all that is lost.
        cache.is(Health::Slow(Duration::from_millis(50)));
        assert_eq!(call(), (1, executed(&[SLOW], SLOW), 2));

        cache.is(Health::Well);
        assert_eq!(call(), (2, executed(&[], "cache_stored"), 2));
        assert_eq!(call(), (2, hit.clone(), 2));

        // An entry of another type is a miss, and is replaced.
        cache.is(Health::Foreign);
        assert_eq!(call(), (3, executed(&[], "cache_stored"), 2));
        cache.is(Health::Well);
        assert_eq!(call(), (3, hit, 2));
    });
}

#[test]
fn a_sync_function_runs_without_its_cache() {
    check(
        "all::cache_down::blocking",
        "user:password@blocking",
        blocking,
    );
}

#[test]
fn an_async_function_runs_without_its_cache() {
    let call = |script: &Script| block_on(asynchronous(script));
    check(
        "all::cache_down::asynchronous",
        "user:password@asynchronous",
        call,
    );
}
