//! Attributes beside `#[opero]` and `#[operomap]`, and in the signature: the compiler's and those of other macros.

#![deny(unfulfilled_lint_expectations)]

use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use opero::{Error, opero, operomap};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, instrument, subscriber};

#[opero(handle = true)]
fn without(a: u32, #[cfg(any())] b: u32, #[cfg(not(any()))] c: u32) -> u32 {
    a + c
}

#[opero]
fn listed(a: u32, #[cfg_attr(all(), fallback(7))] b: u32) -> Result<u32, Error<String>> {
    Ok(a + b)
}

#[opero]
async fn generic<#[cfg(any())] T, #[cfg(not(any()))] const N: u32>(a: u32) -> u32 {
    a + N
}

#[operomap(progress = false)]
fn mapped(a: u32, #[cfg(any())] b: u32, #[cfg(not(any()))] c: u32) -> u32 {
    a + c
}

struct Own(u32);

impl Own {
    #[opero(cache = false)]
    fn method(&self, #[cfg(any())] a: u32, #[cfg(not(any()))] b: u32) -> u32 {
        self.0 + b
    }
}

#[tokio::test]
async fn conditions_decide_on_arguments_and_generics() {
    assert_eq!(without(1, 2), 3);
    assert_eq!(without_call(1, 2).peek(), Some(3));
    assert_eq!(listed(1).unwrap(), 8);
    assert_eq!(generic::<3>(1).await, 4);
    assert_eq!(mapped([1, 2], 10).try_run().unwrap(), [11, 12]);
    assert_eq!(Own(1).method(2), 3);
}

#[opero(handle = true)]
#[expect(unused_variables, reason = "the answer is known")]
fn expecting(#[expect(unused_mut)] mut a: u32) -> u32 {
    42
}

#[opero]
#[cfg_attr(all(), expect(clippy::needless_pass_by_value))]
fn by_value(a: String) -> usize {
    a.len()
}

#[operomap(progress = false)]
#[expect(unused_variables)]
fn mapped_expecting(a: u32) -> u32 {
    42
}

#[opero(handle = true)]
#[expect(dead_code)]
fn unused(a: u32) -> u32 {
    a
}

#[test]
fn lints_that_are_expected_need_not_occur_in_each_generated_function() {
    assert_eq!(expecting(1), 42);
    assert_eq!(expecting_call(1).peek(), Some(42));
    assert!(expecting_cache().stats().is_ok());
    assert_eq!(by_value("ab".to_owned()), 2);
    assert_eq!(mapped_expecting([1]).try_run().unwrap(), [42]);
}

#[instrument(err)]
#[opero(cache = false, retries = 1, min_delay = 0)]
async fn above(a: u32) -> Result<u32, String> {
    tokio::task::yield_now().await;
    if a == 0 {
        Err("zero".to_owned())
    } else {
        Ok(a)
    }
}

#[opero(cache = false, retries = 1, min_delay = 0)]
#[instrument(err)]
async fn below(a: u32) -> Result<u32, String> {
    tokio::task::yield_now().await;
    if a == 0 {
        Err("zero".to_owned())
    } else {
        Ok(a)
    }
}

#[opero(retries = 1, min_delay = 0, handle = true)]
#[instrument(err)]
async fn below_with_handle(a: u32) -> Result<u32, String> {
    if a == 0 {
        Err("zero".to_owned())
    } else {
        Ok(a)
    }
}

#[instrument(err)]
#[opero(cache = false, retries = 1, min_delay = 0)]
fn above_sync(a: u32) -> Result<u32, String> {
    if a == 0 {
        Err("zero".to_owned())
    } else {
        Ok(a)
    }
}

#[opero(cache = false, retries = 1, min_delay = 0)]
#[instrument(err)]
fn below_sync(a: u32) -> Result<u32, String> {
    if a == 0 {
        Err("zero".to_owned())
    } else {
        Ok(a)
    }
}

#[instrument(err)]
#[operomap(cache = false, retries = 1, min_delay = 0, progress = false)]
async fn above_map(a: u32) -> Result<u32, String> {
    if a == 0 {
        Err("zero".to_owned())
    } else {
        Ok(a)
    }
}

#[instrument(err)]
#[operomap(cache = false, retries = 1, min_delay = 0, progress = false)]
fn above_sync_map(a: u32) -> Result<u32, String> {
    if a == 0 {
        Err("zero".to_owned())
    } else {
        Ok(a)
    }
}

/// Spans that began, and errors that were noted.
#[derive(Default)]
struct Noted {
    ids: AtomicU64,
    names: Mutex<Vec<&'static str>>,
}

struct HasError(bool);

impl Visit for HasError {
    fn record_debug(&mut self, field: &Field, _: &dyn Debug) {
        self.0 |= field.name() == "error";
    }
}

impl Subscriber for &'static Noted {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.names.lock().unwrap().push(span.metadata().name());
        Id::from_u64(self.ids.fetch_add(1, Relaxed) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut visit = HasError(false);
        event.record(&mut visit);
        if visit.0 {
            self.names.lock().unwrap().push("error");
        }
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What is noted while a failing call runs.
fn noted(call: impl FnOnce(&tokio::runtime::Runtime)) -> Vec<&'static str> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let noted: &Noted = Box::leak(Box::default());
    subscriber::with_default(noted, || call(&runtime));
    noted.names.lock().unwrap().clone()
}

#[test]
fn a_span_above_is_of_each_execution_and_one_below_of_the_call() {
    let twice = |name| vec![name, "error", name, "error"];
    assert_eq!(noted(|rt| drop(rt.block_on(above(0)))), twice("above"));
    assert_eq!(noted(|rt| drop(rt.block_on(below(0)))), ["below", "error"]);
    let with_handle = noted(|rt| drop(rt.block_on(below_with_handle(0))));
    assert_eq!(with_handle, ["below_with_handle", "error"]);
    assert_eq!(noted(|_| drop(above_sync(0))), twice("above_sync"));
    assert_eq!(noted(|_| drop(below_sync(0))), ["below_sync", "error"]);
    let map = noted(|rt| drop(rt.block_on(async { above_map([0]).await })));
    assert_eq!(map, twice("above_map"));
    assert_eq!(above_sync_map([1]).try_run().unwrap(), [1]);
}
