//! Values that serve while they are refreshed: who can be called again on his own is not waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use opero::opero;

#[opero(cache_stale = "1h")]
async fn borrowed(prompt: &str, parts: &[u8], n: &u32, owned: String) -> Result<String, String> {
    Ok(format!("{prompt}{}{n}{owned}", parts.len()))
}

#[opero(cache_refresh = 60)]
fn blocking(prompt: &str, owned: Arc<str>) -> String {
    format!("{prompt}{owned}")
}

#[opero(cache_stale = "1h", handle = true)]
async fn with_handle(prompt: &str) -> String {
    prompt.to_owned()
}

#[opero(cache_stale = "1h")]
async fn recursive(n: u32) -> u32 {
    match n {
        0 => 0,
        n => Box::pin(recursive(n - 1)).await + 1,
    }
}

#[opero(cache_stale = "1h")]
async fn generic<T, const N: usize>(values: [T; N]) -> Vec<T>
where
    T: Clone + std::hash::Hash + Send + Sync + 'static,
{
    values.to_vec()
}

#[opero(cache_stale = "1h")]
fn boxed(n: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move { n })
}

#[derive(Clone, Hash)]
struct Client(u32);

impl Client {
    #[opero(cache_stale = "1h")]
    async fn ask(&self, prompt: &str) -> Result<String, String> {
        Ok(format!("{}{prompt}", self.0))
    }

    #[opero(cache_stale = "1h")]
    fn shared(self: &Arc<Self>, n: u32) -> u32 {
        self.0 + n
    }

    #[opero(cache_stale = "1h")]
    fn consumed(self, n: u32) -> u32 {
        self.0 + n
    }

    #[opero(cache_stale = "1h", handle = Self)]
    fn associated(n: u32) -> u32 {
        n
    }

    #[opero(cache_stale = "1h")]
    fn by_its_self(n: u32) -> Option<Self> {
        Some(Self(n))
    }
}

trait Ask {
    fn ask_by_trait(&self, n: u32) -> u32;
}

impl Ask for Client {
    #[opero(cache_stale = "1h")]
    fn ask_by_trait(&self, n: u32) -> u32 {
        self.0 + n
    }
}

/// Nothing of it can be kept, so a caller waits.
#[derive(Hash)]
struct Connection<'a>(&'a str);

impl Connection<'_> {
    #[opero(cache_stale = "1h")]
    async fn send(&self, text: &str) -> String {
        format!("{}{text}", self.0)
    }
}

#[opero(cache_stale = "1h")]
async fn not_clone(text: &Connection<'_>, list: &[&str]) -> usize {
    text.0.len() + list.len()
}

#[opero(cache_stale = "1h", cache_key = |n| n)]
async fn unsized_reference(any: &(dyn Fn(u32) -> u32 + Sync), n: u32) -> u32 {
    any(n)
}

#[opero(cache_stale = "1h", arg_fallback = "model")]
async fn listed(prompt: &str, model: &str) -> Result<String, String> {
    Ok(format!("{prompt}{model}"))
}

#[opero(cache_stale = "1h")]
fn own_name(own_name: u32) -> u32 {
    own_name
}

#[opero::operomap(cache_stale = "1h", progress = false)]
fn mapped(n: u32, text: &str) -> usize {
    text.len() + n as usize
}

#[tokio::test]
async fn every_shape_is_still_called() {
    assert_eq!(borrowed("a", b"bc", &3, "d".into()).await.unwrap(), "a23d");
    assert_eq!(blocking("a", "b".into()), "ab");
    assert_eq!(with_handle("a").await, "a");
    assert_eq!(recursive(3).await, 3);
    assert_eq!(generic([1, 2]).await, [1, 2]);
    assert_eq!(boxed(1).await, 1);
    let client = Client(1);
    assert_eq!(client.ask("a").await.unwrap(), "1a");
    assert_eq!(Arc::new(client.clone()).shared(1), 2);
    assert_eq!(client.ask_by_trait(1), 2);
    assert_eq!(client.consumed(1), 2);
    assert_eq!(Client::associated(1), 1);
    assert_eq!(Client::by_its_self(1).unwrap().0, 1);
    assert_eq!(Connection("a").send("b").await, "ab");
    assert_eq!(not_clone(&Connection("a"), &["b"]).await, 2);
    assert_eq!(unsized_reference(&|n| n + 1, 1).await, 2);
    assert_eq!(listed("a", ["b"]).await.unwrap(), "ab");
    assert_eq!(own_name(1), 1);
    assert_eq!(mapped([1], "a").run().len(), 1);
}

/// What stands for a value: how often its function ran.
#[derive(Clone, Hash, Default)]
struct Runs(Arc<Shared>);

#[derive(Default)]
struct Shared(AtomicU32);

impl std::hash::Hash for Shared {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self).hash(state);
    }
}

impl Runs {
    fn count(&self) -> u32 {
        self.0.0.fetch_add(1, Relaxed) + 1
    }

    fn so_far(&self) -> u32 {
        self.0.0.load(Relaxed)
    }

    #[opero(cache_ttl = 10, cache_stale = "1h")]
    async fn by_method(&self, text: &str) -> u32 {
        let _ = text;
        self.count()
    }

    #[opero(cache_ttl = 0.02, cache_stale = "1h")]
    fn blocking(&self, text: &str) -> u32 {
        let _ = text;
        self.count()
    }
}

#[opero(cache_ttl = 10, cache_stale = "1h", handle = true)]
async fn by_function<T>(runs: Runs, text: &str, value: T) -> Result<u32, String>
where
    T: Clone + std::hash::Hash + Send + Sync + 'static,
{
    let _ = (text, value);
    Ok(runs.count())
}

#[opero(cache_ttl = 10, cache_refresh = 5)]
async fn early(runs: &Runs) -> u32 {
    runs.count()
}

#[opero(cache_ttl = 10, cache_stale = "1h", cache_key = |runs| runs)]
async fn waited_for(runs: &Runs, lists: &[&str]) -> u32 {
    let _ = lists;
    runs.count()
}

#[opero(cache_ttl = 10, cache_stale = "1h")]
async fn failing(runs: &Runs) -> Result<u32, String> {
    match runs.count() {
        1 => Ok(1),
        _ => Err("down".into()),
    }
}

async fn later(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

async fn until(runs: &Runs, count: u32) {
    while runs.so_far() < count {
        tokio::task::yield_now().await;
    }
    // Kept by now, too: what runs in the background is done at its next poll.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_served_at_once_and_refreshed_in_the_background() {
    let runs = Runs::default();
    assert_eq!(runs.by_method("a").await, 1);
    later(11).await;
    assert_eq!(runs.by_method("a").await, 1);
    until(&runs, 2).await;
    assert_eq!(runs.by_method("a").await, 2);

    let runs = Runs::default();
    let call = async || by_function(runs.clone(), "a", 'c').await.unwrap();
    assert_eq!(call().await, 1);
    later(11).await;
    assert_eq!(call().await, 1);
    until(&runs, 2).await;
    assert_eq!(call().await, 2);
}

#[tokio::test(start_paused = true)]
async fn an_ageing_value_is_refreshed_early() {
    let runs = Runs::default();
    assert_eq!(early(&runs).await, 1);
    later(4).await;
    assert_eq!(early(&runs).await, 1);
    assert_eq!(runs.so_far(), 1, "not yet");
    later(2).await;
    assert_eq!(early(&runs).await, 1);
    until(&runs, 2).await;
    assert_eq!(early(&runs).await, 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_called_on_its_own_is_waited_for() {
    let runs = Runs::default();
    assert_eq!(waited_for(&runs, &["a"]).await, 1);
    later(11).await;
    assert_eq!(waited_for(&runs, &["a"]).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_serves_while_the_function_fails() {
    let runs = Runs::default();
    assert_eq!(failing(&runs).await, Ok(1));
    later(11).await;
    for _ in 0..3 {
        assert_eq!(failing(&runs).await, Ok(1));
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert!(runs.so_far() > 1);
}

#[test]
fn a_synchronous_function_is_refreshed_on_another_thread() {
    let runs = Runs::default();
    assert_eq!(runs.blocking("a"), 1);
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(runs.blocking("a"), 1);
    while runs.so_far() < 2 {
        std::thread::yield_now();
    }
}
