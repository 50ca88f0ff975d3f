//! The caller's span is current in what runs for it on other threads and tasks.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use opero::{opero, operomap};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Metadata, Span, Subscriber, info_span};
use tracing_core::span::Current;

thread_local! {
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

/// Knows which span is current, and nothing else.
struct Spans(Mutex<Vec<&'static Metadata<'static>>>);

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(span.metadata());
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.clone()));
    }

    fn exit(&self, _: &Id) {
        ENTERED.with_borrow_mut(Vec::pop);
    }

    fn current_span(&self) -> Current {
        let Some(id) = ENTERED.with_borrow(|entered| entered.last().cloned()) else {
            return Current::none();
        };
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = spans[id.into_u64() as usize - 1];
        Current::new(id, metadata)
    }
}

fn current() -> String {
    let span = Span::current();
    let name = span.metadata().map(Metadata::name);
    name.unwrap_or("none").to_owned()
}

#[operomap(cache = false, retries = 0, progress = false, workers = 2)]
fn item(_: u32) -> String {
    current()
}

#[operomap(cache = false, retries = 0, progress = false, workers = 2)]
async fn task(_: u32) -> String {
    tokio::task::yield_now().await;
    current()
}

static REFRESHED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Returns nothing but what is current; a refresh has no caller to return it to.
fn note() {
    REFRESHED.lock().unwrap().push(current());
}

#[opero(retries = 0, cache_ttl = "1ms", cache_stale = "1h")]
fn stale() -> u32 {
    note();
    7
}

#[opero(retries = 0, cache_ttl = "1ms", cache_stale = "1h")]
async fn stale_async() -> u32 {
    tokio::task::yield_now().await;
    note();
    7
}

/// Calls twice, within a span each, and returns what was current in the refresh.
fn refreshed(runtime: &tokio::runtime::Runtime, mut call: impl FnMut()) -> String {
    for span in [info_span!("first"), info_span!("second")] {
        span.in_scope(&mut call);
        std::thread::sleep(Duration::from_millis(5));
    }
    let limit = Instant::now() + Duration::from_secs(30);
    while REFRESHED.lock().unwrap().len() < 2 {
        assert!(Instant::now() < limit, "no refresh");
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
    }
    let refreshed = std::mem::take(&mut *REFRESHED.lock().unwrap());
    assert_eq!(refreshed[0], "first");
    refreshed[1].clone()
}

#[test]
fn the_callers_span_is_current_in_items_and_refreshes() {
    tracing::subscriber::set_global_default(Spans(Mutex::default())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut names: Vec<Result<String, _>> = Vec::new();
    info_span!("caller").in_scope(|| {
        names.extend(item([1, 2]).run());
        names.extend(item([1, 2]).iter());
        names.extend(task([1, 2]).run());
        names.extend(task([1, 2]).iter());
    });
    let begun = info_span!("caller").in_scope(|| (item([1, 2]).iter(), task([1, 2]).iter()));
    names.extend(begun.0.chain(begun.1));
    runtime.block_on(async {
        info_span!("caller").in_scope(|| names.extend(task([1, 2]).run()));
        let streams =
            info_span!("caller").in_scope(|| (item([1, 2]).stream(), task([1, 2]).stream()));
        names.extend(streams.0.chain(streams.1).collect::<Vec<_>>().await);
        let awaited = async { (item([1, 2]).await, task([1, 2]).await) };
        let (items, tasks) = awaited.instrument(info_span!("caller")).await;
        names.extend(items.into_iter().chain(tasks));
    });
    assert_eq!(names.len(), 22);
    for name in names {
        assert_eq!(name.unwrap(), "caller");
    }
    assert_eq!(current(), "none");
    assert_eq!(refreshed(&runtime, || assert_eq!(stale(), 7)), "second");
    let call = || assert_eq!(runtime.block_on(stale_async()), 7);
    assert_eq!(refreshed(&runtime, call), "second");
}
