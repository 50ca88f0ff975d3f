//! Values of parameters that are not literals, and what the stages do with them.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use opero::extend::{Attempt, Context, Operation, Stage};
use opero::{Error, ErrorKind, Rejected, opero};

const RETRIES: u32 = 1;
const DELAY: Duration = Duration::ZERO;
const SHORT: Duration = Duration::from_millis(1);

#[opero(retries = RETRIES + 1, min_delay = 0, cache = false)]
fn counted(runs: &AtomicU32) -> Result<(), String> {
    runs.fetch_add(1, Relaxed);
    Err("no".into())
}

#[opero(min_delay = DELAY, max_delay = SHORT, cache_ttl = Duration::from_secs(60), rate_limit = f64::from(1000), rate_burst = 2 + 3)]
fn expressions(n: u32) -> Result<u32, Error<String>> {
    Ok(n)
}

#[opero(min_delay = SHORT, max_delay = DELAY)]
fn crossed(n: u32) -> Result<u32, Error<String>> {
    Ok(n)
}

#[test]
fn expressions_are_checked_at_the_first_call() {
    let runs = AtomicU32::new(0);
    assert!(counted(&runs).is_err());
    assert_eq!(runs.load(Relaxed), 3);
    assert_eq!(expressions(1).unwrap(), 1);
    let error = crossed(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("min_delay"), "{error}");
}

#[derive(Debug, PartialEq)]
enum Own {
    Rejected(String),
    Failed(u32),
}

impl From<Rejected> for Own {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected.to_string())
    }
}

#[opero(cache_backend = "nowhere://user:secret@host")]
fn unknown_backend(n: u32) -> Result<u32, Own> {
    Ok(n)
}

#[test]
fn an_unknown_backend_is_the_functions_own_error() {
    let Err(Own::Rejected(text)) = unknown_backend(1) else {
        panic!("not rejected");
    };
    assert!(
        text.contains("`cache_backend`") && text.contains("nowhere"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

#[opero(
    retries = 5,
    min_delay = 0,
    cache = false,
    retry_on = |error| matches!(error, Own::Failed(n) if *n < 3),
    retry_after = |error| matches!(error, Own::Failed(2)).then_some(Duration::ZERO)
)]
fn judged(runs: &AtomicU32) -> Result<(), Own> {
    Err(Own::Failed(runs.fetch_add(1, Relaxed) + 1))
}

#[test]
fn predicates_see_the_functions_own_error() {
    let runs = AtomicU32::new(0);
    assert_eq!(judged(&runs), Err(Own::Failed(3)));
}

/// Rejects, or counts what passes.
#[derive(Debug)]
struct Gate {
    closed: bool,
    passed: AtomicU32,
}

impl Gate {
    const fn new(closed: bool) -> Self {
        Self {
            closed,
            passed: AtomicU32::new(0),
        }
    }
}

impl<T: Send, E: Send> Stage<T, E> for Gate {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        self.passed.fetch_add(1, Relaxed);
        if self.closed {
            return Err(Error::rejected(Rejected::by_stage("gate", "closed")));
        }
        next.attempt(cx, attempt).await
    }
}

static OUTSIDE: Gate = Gate::new(false);
static INSIDE: Gate = Gate::new(false);
static CLOSED: Gate = Gate::new(true);

#[opero(outside = OUTSIDE, inside = INSIDE)]
async fn staged(n: u32) -> Result<u32, Own> {
    Ok(n)
}

#[opero(outside = CLOSED)]
fn closed(n: u32) -> Result<u32, Own> {
    Ok(n)
}

#[tokio::test]
async fn stages_of_the_users_stand_outside_and_inside() {
    for _ in 0..3 {
        assert_eq!(staged(1).await, Ok(1));
    }
    assert_eq!(OUTSIDE.passed.load(Relaxed), 3, "before the cache");
    assert_eq!(INSIDE.passed.load(Relaxed), 1, "only executions");
    assert_eq!(
        closed(1),
        Err(Own::Rejected("`gate` rejected: closed".into()))
    );
}

#[opero(cache = true, retries = 0)]
async fn failing(gate: &SharedGate) -> Result<(), String> {
    gate.runs.fetch_add(1, Relaxed);
    tokio::task::yield_now().await;
    Err("down".into())
}

#[derive(Default)]
struct SharedGate {
    runs: AtomicU32,
}

impl std::hash::Hash for SharedGate {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[tokio::test]
async fn callers_that_waited_share_an_error_that_can_be_cloned() {
    let gate = SharedGate::default();
    let (one, two, three) = tokio::join!(failing(&gate), failing(&gate), failing(&gate));
    let down = || Err(String::from("down"));
    assert_eq!([one, two, three], [down(), down(), down()]);
    assert_eq!(gate.runs.load(Relaxed), 1);
}

static SHUT: Gate = Gate::new(true);

#[opero(inside = SHUT, min_delay = 0, cache = false, retry_on = |error| !error.contains("gate"))]
fn behind_a_gate(n: u32) -> Result<u32, String> {
    Ok(n)
}

static SHUT_TO_ASYNC: Gate = Gate::new(true);

#[opero(inside = SHUT_TO_ASYNC, min_delay = 0, cache = false, retry_on = |error| !error.contains("gate"))]
async fn behind_a_gate_async(n: u32) -> Result<u32, Error<String>> {
    Ok(n)
}

static UNJUDGED: Gate = Gate::new(true);

#[opero(inside = UNJUDGED, min_delay = 0, cache = false, retries = 2)]
fn behind_a_gate_that_may_open(n: u32) -> Result<u32, String> {
    Ok(n)
}

static TURNS: Gate = Gate::new(true);

#[opero(inside = TURNS, retries = 0, cache = false, fallback_on = |error| !error.contains("gate"))]
fn with_fallback(#[fallback(1, 2)] n: u32) -> Result<u32, String> {
    Ok(n)
}

#[tokio::test]
async fn predicates_decide_on_the_rejection_of_a_stage_of_the_users() {
    assert_eq!(behind_a_gate(1), Err("`gate` rejected: closed".into()));
    assert_eq!(SHUT.passed.load(Relaxed), 1);
    let error = behind_a_gate_async(1).await.unwrap_err();
    assert!(error.rejection().is_some(), "{error:?}");
    assert_eq!(SHUT_TO_ASYNC.passed.load(Relaxed), 1);
    behind_a_gate_that_may_open(1).unwrap_err();
    assert_eq!(UNJUDGED.passed.load(Relaxed), 3, "by default it may open");
    with_fallback().unwrap_err();
    assert_eq!(TURNS.passed.load(Relaxed), 1);
}

/// How often two functions ran whose attempts are too slow.
static SLOW: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

#[opero(attempt_timeout = "1s", cache = false, retries = 2, retry_on = |error| error.kind() != std::io::ErrorKind::TimedOut)]
async fn too_slow() -> std::io::Result<()> {
    SLOW[0].fetch_add(1, Relaxed);
    std::future::pending().await
}

#[derive(Debug)]
struct Foreign;

/// An error that no rejection becomes: the predicate is not asked.
#[opero(attempt_timeout = "1s", cache = false, retries = 2, retry_on = |_| false)]
async fn too_slow_for_a_foreign_error() -> Result<(), Error<Foreign>> {
    SLOW[1].fetch_add(1, Relaxed);
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn predicates_decide_on_a_timeout_where_they_can_see_it() {
    let error = too_slow().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(SLOW[0].load(Relaxed), 1);
    too_slow_for_a_foreign_error().await.unwrap_err();
    assert_eq!(SLOW[1].load(Relaxed), 3);
}

/// Counts the errors that are alive.
#[derive(Debug)]
struct Counted(&'static AtomicU32);

static ALIVE: AtomicU32 = AtomicU32::new(0);
static MOST: AtomicU32 = AtomicU32::new(0);

impl Counted {
    fn new() -> Self {
        MOST.fetch_max(ALIVE.fetch_add(1, Relaxed) + 1, Relaxed);
        Self(&ALIVE)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[opero(retries = 10_000, min_delay = 0, max_delay = 0, cache = false)]
fn forgotten(#[fallback(1, 2)] _n: u8) -> Result<(), Counted> {
    Err(Counted::new())
}

#[opero(retries = 10_000, min_delay = 0, max_delay = 0, cache = false)]
fn remembered(#[fallback(1, 2)] _n: u8) -> Result<(), Error<Counted>> {
    Err(Counted::new())?
}

#[test]
fn of_many_attempts_few_errors_are_kept_and_fewer_where_none_can_be_returned() {
    forgotten().unwrap_err();
    let most = MOST.swap(0, Relaxed);
    assert!(most <= 4, "{most} errors at a time");
    let error = remembered().unwrap_err();
    let most = MOST.load(Relaxed);
    assert!(most <= 64, "{most} errors at a time");
    assert_eq!((error.attempts(), error.earlier().len()), (20_002, 8 + 16));
    assert_eq!(error.omitted(), 20_001 - 24);
    let numbers = error.earlier().iter().map(|failed| failed.attempt.number);
    let expected = [1, 1, 2, 2, 3, 3, 4, 4].into_iter();
    assert!(numbers.take(8).eq(expected));
    assert_eq!(error.earlier()[8].attempt.number, 9_993);
    drop(error);
    assert_eq!(ALIVE.load(Relaxed), 0);
}
