//! Keys and values that mean the same in every process: demanded where a literal names a lasting store, there where they
//! can be had otherwise.

use std::collections::HashMap;
use std::sync::Mutex;

use opero::extend::{Attempt, Context, Operation, Stage};
use opero::opero_core::stable::{KeySpace, append_key};
use opero::opero_core::{CodecError, KeyBytes};
use opero::{Error, opero};
use serde::Serialize;

/// What each function last said of its call.
static SAID: Mutex<Option<HashMap<String, Said>>> = Mutex::new(None);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    /// The bytes of its key.
    key: Option<Vec<u8>>,
    /// Do its values become bytes?
    codec: bool,
    /// The bytes of its limiter's key.
    rate_key: Option<Vec<u8>>,
}

/// Asks what a lasting store would ask.
#[derive(Debug)]
struct Ask;

impl<T: Send, E: Send> Stage<T, E> for Ask {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        let said = Said {
            key: bytes(|out| next.arguments().stable_key(out)),
            codec: next.policy().codec().is_some(),
            rate_key: bytes(|out| next.arguments().stable_rate_key(attempt, out)),
        };
        SAID.lock()
            .unwrap()
            .get_or_insert_default()
            .insert(cx.function().to_owned(), said);
        next.attempt(cx, attempt).await
    }
}

fn bytes(write: impl FnOnce(&mut KeyBytes) -> Option<Result<(), CodecError>>) -> Option<Vec<u8>> {
    let mut bytes = KeyBytes::new();
    write(&mut bytes).map(|written| {
        written.unwrap();
        bytes.as_bytes().to_vec()
    })
}

fn said(function: &str) -> Said {
    let all = SAID.lock().unwrap();
    let name = format!("{}::{function}", module_path!());
    all.as_ref().unwrap()[&name].clone()
}

const RUN_TIME: &str = "memory";

#[opero(cache_backend = RUN_TIME, outside = Ask)]
fn both(a: u32, b: &str) -> Result<String, opero::Error<String>> {
    Ok(format!("{a}{b}"))
}

#[derive(Clone, Hash)]
struct Bare;

#[opero(cache_backend = RUN_TIME, outside = Ask)]
async fn bare_argument(a: u32, b: Bare) -> Result<u32, opero::Error<String>> {
    let _ = b;
    Ok(a)
}

#[opero(cache_backend = RUN_TIME, outside = Ask)]
fn bare_value(a: u32) -> Result<Bare, opero::Error<String>> {
    let _ = a;
    Ok(Bare)
}

#[opero(cache_backend = RUN_TIME, outside = Ask)]
fn unbounded<T: Clone + std::hash::Hash + Send + Sync>(t: T) -> Result<u32, opero::Error<String>> {
    let _ = t;
    Ok(1)
}

#[opero(cache_backend = RUN_TIME, outside = Ask)]
fn bounded<T: Clone + std::hash::Hash + Serialize + Send + Sync>(
    t: T,
) -> Result<u32, opero::Error<String>> {
    let _ = t;
    Ok(1)
}

#[opero(cache_backend = RUN_TIME, outside = Ask, arg_fallback = "model")]
async fn listed(a: u32, model: &str) -> Result<String, opero::Error<String>> {
    Ok(format!("{a}{model}"))
}

#[opero(cache_backend = RUN_TIME, outside = Ask)]
fn static_value(a: u32) -> Result<&'static str, opero::Error<&'static str>> {
    let _ = a;
    Ok("a")
}

#[opero(outside = Ask)]
fn in_process(a: u32) -> Result<u32, opero::Error<String>> {
    Ok(a)
}

#[tokio::test]
async fn what_has_bytes_shows_where_the_backend_does_not() {
    both(1, "b").unwrap();
    let first = said("both");
    assert!(first.codec && first.key.is_some());
    both(1, "c").unwrap();
    assert_ne!(said("both"), first);
    both(1, "b").unwrap();
    assert_eq!(said("both"), first);

    bare_argument(1, Bare).await.unwrap();
    assert_eq!(
        said("bare_argument"),
        Said {
            key: None,
            codec: true,
            rate_key: None,
        }
    );
    bare_value(1).unwrap();
    assert!(!said("bare_value").codec);
    static_value(1).unwrap();
    assert!(!said("static_value").codec && said("static_value").key.is_some());
    listed(1, ["a", "b"]).await.unwrap();
    assert!(said("listed").key.is_some());
    in_process(1).unwrap();
    assert_eq!(
        said("in_process"),
        Said {
            key: None,
            codec: false,
            rate_key: None,
        }
    );
}

#[test]
fn a_generic_function_has_bytes_by_its_bounds_and_its_instances_differ() {
    unbounded(1_u8).unwrap();
    assert_eq!(said("unbounded").key, None);
    bounded(1_u8).unwrap();
    let byte = said("bounded").key.unwrap();
    bounded(true).unwrap();
    assert_ne!(said("bounded").key.unwrap(), byte);
}

#[opero(cache_backend = RUN_TIME, outside = Ask, handle = true)]
fn handled<T: Clone + std::hash::Hash + Serialize + Send + Sync>(
    t: T,
) -> Result<u32, opero::Error<String>> {
    let _ = t;
    Ok(1)
}

#[test]
fn a_handle_does_not_change_what_is_stored() {
    handled((1_u8, true)).unwrap();
    let key = said("handled").key.unwrap();
    let name = format!("{}::handled<(u8, bool)>::{{{{closure}}}}", module_path!());
    let mut expected = KeyBytes::new();
    let function = KeySpace::new(&[&name]).key(b"function");
    expected.push(&function.as_u128().to_le_bytes());
    append_key(&(1_u8, true), &mut expected).unwrap();
    assert_eq!(key, expected.as_bytes());
}

const LIMITER: &str = "local";

#[opero(rate_limit = 1_000_000, rate_burst = 100, rate_backend = LIMITER, rate_key = tenant, outside = Ask, cache = false)]
fn limited(tenant: &str) -> Result<usize, opero::Error<String>> {
    Ok(tenant.len())
}

#[opero(rate_limit = 1_000_000, rate_burst = 100, rate_backend = LIMITER, rate_key = |bare| bare, outside = Ask, cache = false)]
fn limited_by_bare(bare: Bare) -> Result<(), opero::Error<String>> {
    let _ = bare;
    Ok(())
}

#[opero(rate_limit = 1_000_000, rate_burst = 100, rate_key = tenant, outside = Ask, cache = false)]
fn limited_here(tenant: &str) -> Result<usize, opero::Error<String>> {
    Ok(tenant.len())
}

/// An `f64` is no `Hash`.
#[opero(rate_limit = 1_000_000, rate_backend = "redis://127.0.0.1:9", rate_key = weight, retries = 0, outside = Ask, cache = false)]
fn limited_on_redis(weight: f64) -> Result<f64, opero::Error<String>> {
    Ok(weight)
}

#[test]
fn a_key_of_a_redis_limiter_needs_no_hash() {
    // No server is there, but the key is.
    limited_on_redis(0.5).unwrap_err();
    let key = said("limited_on_redis").rate_key;
    assert_eq!(key, bytes(|out| Some(append_key(&0.5_f64, out))));
}

#[test]
fn a_limiter_s_key_has_bytes_where_the_limiter_may_be_shared() {
    limited("a").unwrap();
    let first = said("limited").rate_key;
    assert!(first.is_some());
    limited("b").unwrap();
    assert_ne!(said("limited").rate_key, first);
    limited_by_bare(Bare).unwrap();
    assert_eq!(said("limited_by_bare").rate_key, None);
    limited_here("a").unwrap();
    assert_eq!(said("limited_here").rate_key, None);
}

#[opero(
    arg_fallback = model,
    rate_limit = 1_000_000,
    rate_burst = 100,
    rate_backend = LIMITER,
    rate_key = model,
    retries = 0,
    inside = Ask,
    cache = false
)]
fn limited_by_value(model: &str) -> Result<(), opero::Error<String>> {
    match model {
        "good" => Ok(()),
        other => Err(other.to_owned())?,
    }
}

#[test]
fn the_bytes_of_a_limiter_s_key_are_those_of_the_value_that_executes() {
    limited_by_value("bad").unwrap_err();
    let bad = said("limited_by_value").rate_key;
    limited_by_value("good").unwrap();
    let good = said("limited_by_value").rate_key;
    assert!(bad.is_some() && bad != good);
    limited_by_value(["bad", "good"]).unwrap();
    assert_eq!(said("limited_by_value").rate_key, good);
}
