//! Synchronous functions whose values and errors are not `Send`: they stay on the thread of the call.

use std::error::Error as StdError;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use opero::opero;

type Local = Box<dyn StdError>;

/// Fails until the third call.
fn third(calls: &AtomicU32) -> Result<u8, Local> {
    match calls.fetch_add(1, SeqCst) {
        2 => Ok("3".parse()?),
        _ => Ok("none".parse()?),
    }
}

#[opero(cache = false, retries = 2, min_delay = 0)]
fn retried(calls: &AtomicU32) -> Result<u8, Local> {
    third(calls)
}

#[opero(
    cache = false,
    retries = 2,
    min_delay = 0,
    rate_limit = "1000/s",
    rate_burst = 1
)]
fn limited(calls: &AtomicU32) -> Result<u8, Local> {
    third(calls)
}

#[opero(cache = false, retries = 1, min_delay = 0, max_elapsed = 60)]
fn with_history(calls: &AtomicU32) -> Result<u8, opero::Error<Local>> {
    third(calls).map_err(opero::Error::from)
}

#[opero(cache = false, retries = 0)]
fn fallen_back(calls: &AtomicU32, #[fallback(1, 2, 3)] n: u8) -> Result<u8, Local> {
    third(calls).map(|third| third * n)
}

#[test]
fn errors_that_stay_on_their_thread_are_retried_limited_and_returned() {
    for call in [retried, limited] {
        let calls = AtomicU32::new(0);
        assert_eq!(call(&calls).unwrap(), 3);
        assert_eq!(calls.load(SeqCst), 3);
        // The last error of three is returned as it is.
        let error = call(&calls).unwrap_err();
        assert!(error.is::<std::num::ParseIntError>());
        assert_eq!(calls.load(SeqCst), 6);
    }
    let error = with_history(&AtomicU32::new(0)).unwrap_err();
    assert_eq!(error.attempts(), 2);
    assert_eq!(fallen_back(&AtomicU32::new(0)).unwrap(), 9);
}

#[opero(cache = false, retries = 1, min_delay = 0)]
fn counted(counter: &AtomicU32) -> Result<Rc<u32>, Rc<str>> {
    match counter.fetch_add(1, SeqCst) {
        0 => Err("first".into()),
        n => Ok(Rc::new(n)),
    }
}

#[opero(cache = false)]
fn infallible(n: u32) -> Rc<u32> {
    Rc::new(n)
}

#[opero(cache = false, retries = 1, min_delay = 0)]
fn generic<T, E>(call: fn() -> Result<T, E>) -> Result<T, E> {
    call()
}

#[test]
fn values_stay_on_their_thread_too() {
    assert_eq!(*counted(&AtomicU32::new(0)).unwrap(), 1);
    assert_eq!(*infallible(7), 7);
    assert_eq!(
        generic(|| Err::<Rc<u32>, Rc<u32>>(Rc::new(7))),
        Err(Rc::new(7))
    );
}

#[opero(
    cache = false,
    retries = 0,
    rate_limit = "1/h",
    rate_burst = 1,
    rate_max_wait = 0
)]
fn rejected(n: u8) -> Result<u8, Local> {
    Ok(n)
}

#[test]
fn a_rejection_becomes_such_an_error() {
    assert_eq!(rejected(1).unwrap(), 1);
    let error = rejected(1).unwrap_err();
    assert!(error.is::<opero::Rejected>(), "{error}");
}

/// A counter that is no part of a key.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicU32>);

impl std::hash::Hash for Calls {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[opero(retries = 0)]
fn cached(calls: &Calls, text: &str) -> Result<u8, Local> {
    calls.0.fetch_add(1, SeqCst);
    Ok(text.parse()?)
}

/// The cache keeps values only: an error that cannot be copied is shared with no other caller.
#[test]
fn values_are_cached_beside_errors_that_stay_on_their_thread() {
    let calls = Calls::default();
    assert_eq!(cached(&calls, "5").unwrap(), 5);
    assert_eq!(cached(&calls, "5").unwrap(), 5);
    assert_eq!(calls.0.load(SeqCst), 1);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let error = cached(&calls, "five").unwrap_err();
                assert!(error.is::<std::num::ParseIntError>());
            });
        }
    });
    assert_eq!(calls.0.load(SeqCst), 5);
}

#[opero(retries = 0, cache_ttl = 0.02, cache_stale = "1h")]
fn failing_later(calls: Calls) -> Result<u8, Local> {
    match calls.0.fetch_add(1, SeqCst) {
        0 => Ok(1),
        _ => Err("down".into()),
    }
}

#[test]
fn a_refresh_on_another_thread_drops_its_error_there() {
    let calls = Calls::default();
    assert_eq!(failing_later(calls.clone()).unwrap(), 1);
    thread::sleep(Duration::from_millis(60));
    assert_eq!(failing_later(calls.clone()).unwrap(), 1);
    while calls.0.load(SeqCst) < 2 {
        thread::yield_now();
    }
    assert_eq!(failing_later(calls).unwrap(), 1);
}
