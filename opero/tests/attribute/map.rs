//! What `#[operomap]` promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::map::from_stream;
use opero::{Error, operomap};

#[derive(Debug, Clone, PartialEq)]
struct Failure(u32);

#[operomap(cache_key = |n| n)]
fn keyed(n: u32, runs: &AtomicU32) -> u32 {
    runs.fetch_add(1, Relaxed);
    n * 2
}

#[operomap(cache = false, workers = 2, retries = 1, min_delay = 0)]
fn uncached(n: u32, runs: &AtomicU32, offset: Arc<u32>) -> Result<u32, Failure> {
    runs.fetch_add(1, Relaxed);
    if n == 3 {
        return Err(Failure(n));
    }
    Ok(n * 2 + *offset)
}

#[test]
fn every_item_passes_the_pipeline_and_results_are_in_order() {
    let runs = AtomicU32::new(0);
    let (results, report) = uncached(1..=4, &runs, Arc::new(1)).run_report();
    let values: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().ok().copied())
        .collect();
    assert_eq!(values, [Some(3), Some(5), None, Some(9)]);
    assert_eq!(results[2].as_ref().unwrap_err().attempts(), 2);
    assert_eq!(
        (runs.load(Relaxed), report.executions, report.retries),
        (5, 5, 1)
    );
}

#[test]
fn a_second_run_comes_from_the_cache() {
    let runs = AtomicU32::new(0);
    assert_eq!(keyed([1, 2], &runs).try_run().unwrap(), [2, 4]);
    let (results, report) = keyed([1, 2], &runs).run_report();
    assert_eq!(results.len(), 2);
    assert_eq!((runs.load(Relaxed), report.cache_hits), (2, 2));
}

#[operomap]
async fn length(text: &str) -> Result<usize, Error<Failure>> {
    tokio::task::yield_now().await;
    Ok(text.len())
}

#[tokio::test]
async fn borrowed_items_and_streams_work() {
    let words = [String::from("one"), String::from("three")];
    let results = length(words.iter().map(String::as_str)).join().await;
    assert!(matches!(results[..], [Ok(3), Ok(5)]));
    let results = length(["a", "bb"]).await;
    assert!(matches!(results[..], [Ok(1), Ok(2)]));
    let results = length(from_stream(futures_util::stream::iter(["a", "bb"]))).await;
    assert!(matches!(results[..], [Ok(1), Ok(2)]));
}

#[operomap(arg_fallback = "model", retries = 0, cache = false)]
async fn ask(prompt: String, model: &str) -> std::io::Result<String> {
    match model {
        "good" => Ok(format!("{prompt} by {model}")),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    }
}

#[operomap(retries = 0, cache = false)]
fn ask_default(prompt: String, #[fallback("bad", "good")] model: &str) -> Result<String, Failure> {
    match model {
        "good" => Ok(prompt),
        _ => Err(Failure(0)),
    }
}

#[tokio::test]
async fn fallback_works_for_every_item() {
    let prompts = || ["p", "q"].map(String::from);
    let (results, report) = ask(prompts(), vec!["bad", "good"]).with_report().await;
    assert_eq!(results[1].as_ref().unwrap(), "q by good");
    assert_eq!(report.fallbacks, 2);
    let none: Vec<&str> = Vec::new();
    assert!(
        ask(prompts(), none)
            .await
            .iter()
            .all(|result| result.is_err())
    );
    assert_eq!(ask_default(prompts()).run().len(), 2);
}

#[derive(Hash)]
struct Client(u32);

impl Client {
    #[operomap]
    fn plus<T>(&self, n: T) -> Result<u32, Failure>
    where
        T: Into<u32> + Copy + Send + Sync + std::hash::Hash,
    {
        Ok(self.0 + n.into())
    }
}

#[test]
fn methods_and_generics_work() {
    let client = Client(10);
    assert_eq!(client.plus([1_u8, 2]).try_run().unwrap(), [11, 12]);
}

#[derive(Clone, Hash)]
struct Items(Vec<u8>);

#[operomap(progress = false)]
fn of_the_users(item: Items, items: u32) -> usize {
    item.0.len() + items as usize
}

#[operomap(progress = false)]
fn generic_of_the_users<Items: std::hash::Hash + Clone + Send + Sync>(item: Items) -> usize {
    size_of_val(&item)
}

#[test]
fn names_that_a_user_may_choose_are_free() {
    let items = [Items(vec![1]), Items(Vec::new())];
    assert_eq!(of_the_users(items, 1).try_run().unwrap(), [2, 1]);
    assert_eq!(generic_of_the_users([1_u16]).try_run().unwrap(), [2]);
}
