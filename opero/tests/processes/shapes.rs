//! Functions of every shape, and what those that cannot run in processes say.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::map::{Job, Run, Source};
use opero::{Error, ErrorKind, operomap};

const THREADS: &str = "thread";
const TASKS: &str = "async";

/// The mode is an expression, so the function can run wherever a run asks for.
#[operomap(mode = THREADS, cache = false, progress = false, retries = 0)]
fn open(n: u32) -> u32 {
    n + u32::from(process::id() != PARENT.load(Relaxed))
}

static PARENT: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_function_whose_mode_is_an_expression_runs_where_the_run_says() {
    PARENT.store(process::id(), Relaxed);
    assert_eq!(open([1, 2]).try_run().unwrap(), [1, 2]);
    let run = open([1, 2]).mode("process").workers(1);
    assert_eq!(run.try_run().unwrap(), [2, 3]);
    let run = open([1, 2]).mode("async_process").workers(1);
    assert_eq!(run.try_run().unwrap(), [2, 3]);
}

#[operomap(mode = "async_process", workers = 1, cache = false, progress = false)]
async fn later(n: u32, add: &u32) -> Result<(u32, u32), String> {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    Ok((n + add, process::id()))
}

#[operomap(mode = "process", workers = 1, cache = false, progress = false)]
fn boxed<'a>(word: &'a str) -> Pin<Box<dyn Future<Output = Result<usize, String>> + Send + 'a>> {
    Box::pin(async move {
        tokio::task::yield_now().await;
        Ok(word.len())
    })
}

#[tokio::test]
async fn async_functions_run_in_either_mode() {
    let results = later([1, 2], &10).join().await;
    let (value, pid) = results[1].as_ref().unwrap();
    assert_eq!(*value, 12);
    assert_ne!(*pid, process::id());
    let results = later([1], &10).mode("process").join().await;
    assert_eq!(results[0].as_ref().unwrap().0, 11);
    assert_eq!(boxed(["one", "three"]).try_join().await.unwrap(), [3, 5]);
}

#[operomap(mode = "process", workers = 1, cache = false, progress = false)]
async fn fibonacci(n: u64) -> Result<u64, String> {
    if n < 2 {
        return Ok(n);
    }
    // In threads: a worker has no workers of its own here.
    let halves = fibonacci([n - 1, n - 2]).mode("async");
    let halves = halves.try_join().await.map_err(|error| error.to_string())?;
    Ok(halves.iter().sum())
}

#[tokio::test]
async fn recursion_works() {
    assert_eq!(fibonacci([7]).try_join().await.unwrap(), [13]);
}

#[operomap(
    mode = "process",
    workers = 1,
    retries = 0,
    cache = false,
    progress = false
)]
fn listed(n: u32, #[fallback("bad", "good")] model: &str) -> Result<String, String> {
    match model {
        "good" => Ok(format!("{n} by {model}")),
        _ => Err(model.to_owned()),
    }
}

#[operomap(
    mode = "process",
    workers = 1,
    retries = 0,
    cache = false,
    progress = false,
    arg_fallback = "model"
)]
fn passed(n: u32, model: String) -> Result<String, Error<String>> {
    match &*model {
        "good" => Ok(format!("{n} by {model}")),
        _ => Err(model.into()),
    }
}

#[test]
fn each_attempt_takes_its_own_fallback_value_along() {
    let (results, report) = listed([1, 2]).run_report();
    assert_eq!(results[1].as_ref().unwrap(), "2 by good");
    assert_eq!((report.executions, report.fallbacks), (4, 2));
    let models = ["bad", "worse", "good"].map(String::from);
    assert_eq!(passed([3], models).try_run().unwrap(), ["3 by good"]);
    let none: Vec<String> = Vec::new();
    let error = passed([3], none).try_run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EmptyFallback);
}

struct Client;

impl Client {
    #[operomap(mode = THREADS, cache = false, progress = false)]
    fn method(&self, n: u32) -> u32 {
        n
    }

    #[operomap(mode = "process", workers = 1, cache = false, progress = false)]
    fn associated(n: u32) -> u32 {
        n + 1
    }
}

struct Of<T>(T);

impl<T: Clone + Send + Sync> Of<T> {
    /// An item within it could not name `T`.
    #[operomap(mode = THREADS, cache = false, progress = false)]
    fn wrap(value: T) -> Vec<T> {
        vec![value]
    }
}

#[operomap(mode = THREADS, cache = false, progress = false)]
fn generic<T: Clone + Send + Sync>(value: T) -> u32 {
    drop(value);
    1
}

#[operomap(mode = THREADS, cache = false, progress = false)]
fn opaque(n: u32, add: impl Fn(u32) -> u32 + Send + Sync + Clone) -> u32 {
    add(n)
}

#[operomap(mode = THREADS, cache = false, progress = false)]
fn counted(n: u32, runs: &AtomicU32) -> u32 {
    runs.fetch_add(1, Relaxed);
    n
}

#[operomap(mode = THREADS, cache = false, progress = false)]
fn fails(n: u32) -> Result<u32, std::io::Error> {
    Ok(n)
}

#[operomap(mode = "thread", cache = false, progress = false)]
fn threads(n: u32) -> u32 {
    n
}

#[operomap(cache = false, progress = false)]
fn silent(n: u32) -> u32 {
    n
}

#[operomap(mode = TASKS, cache = false, progress = false)]
async fn borrowing(words: &[&str]) -> usize {
    words.len()
}

/// What a run in processes says of why it cannot begin.
fn rejection<S, J>(run: Run<S, J>) -> String
where
    S: Source,
    J: Job<S::Item, Error: Display>,
{
    match run.mode("process").try_run() {
        Ok(_) => "it ran".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_cannot_run_in_processes_runs_in_threads_and_says_why_it_cannot() {
    let runs = AtomicU32::new(0);
    let add = |n: u32| n + 1;
    assert_eq!(Client.method([1]).try_run().unwrap(), [1]);
    assert_eq!(Client::associated([1]).try_run().unwrap(), [2]);
    assert_eq!(Of::<u8>::wrap([1]).try_run().unwrap(), [[1]]);
    assert_eq!(Of(2_u8).0, 2);
    assert_eq!(generic([1]).try_run().unwrap(), [1]);
    assert_eq!(opaque([1], add).try_run().unwrap(), [2]);
    assert_eq!(counted([1], &runs).try_run().unwrap(), [1]);
    assert_eq!(fails([1]).try_run().unwrap(), [1]);
    assert_eq!(borrowing([&["a"][..]]).try_run().unwrap(), [1]);
    let rejections = [
        (rejection(Client.method([1])), "method or generic"),
        (rejection(Of::wrap([1_u8])), "method or generic"),
        (rejection(generic([1])), "method or generic"),
        (rejection(opaque([1], add)), "method or generic"),
        (rejection(counted([1], &runs)), "argument"),
        (rejection(borrowing([&["a"][..]])), "argument"),
        (rejection(fails([1])), "its error"),
        (rejection(threads([1])), "write `mode = \"process\"`"),
        (rejection(silent([1])), "write `mode = \"process\"`"),
    ];
    for (rejection, expected) in rejections {
        assert!(rejection.starts_with("`mode` "), "{rejection}");
        assert!(rejection.contains(expected), "{rejection}");
    }
}

mod within {
    #[opero::operomap(mode = "process", workers = 1, cache = false, progress = false)]
    pub(super) fn same(n: u32) -> u32 {
        n + 1
    }

    pub(super) fn inner() -> Vec<u32> {
        #[opero::operomap(mode = "process", workers = 1, cache = false, progress = false)]
        fn same(n: u32) -> u32 {
            n + 2
        }
        same([0]).try_run().unwrap()
    }
}

#[test]
fn functions_of_one_name_are_told_apart() {
    assert_eq!(within::same([0]).try_run().unwrap(), [1]);
    assert_eq!(within::inner(), [2]);
}
