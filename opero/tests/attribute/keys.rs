//! What identifies a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::opero;

#[derive(Clone, Copy)]
struct NotHash;

#[opero(cache_key = |prompt| prompt)]
fn by_name(runs: &AtomicU32, prompt: &str, _other: NotHash) -> String {
    runs.fetch_add(1, Relaxed);
    prompt.to_owned()
}

#[opero(cache_key = |_, text: &String, _| text.len())]
fn by_place(runs: &AtomicU32, text: String, _other: NotHash) -> String {
    runs.fetch_add(1, Relaxed);
    text
}

fn key_of(_: &AtomicU32, temperature: &f64) -> u64 {
    temperature.to_bits()
}

#[opero(cache_key = key_of)]
async fn by_path(runs: &AtomicU32, temperature: f64) -> f64 {
    runs.fetch_add(1, Relaxed);
    temperature
}

#[test]
fn a_closure_chooses_what_identifies_a_call() {
    let runs = AtomicU32::new(0);
    assert_eq!(by_name(&runs, "a", NotHash), "a");
    assert_eq!(by_name(&runs, "a", NotHash), "a");
    assert_eq!(by_name(&runs, "b", NotHash), "b");
    assert_eq!(runs.load(Relaxed), 2);
    assert_eq!(by_place(&runs, "ab".into(), NotHash), "ab");
    assert_eq!(
        by_place(&runs, "cd".into(), NotHash),
        "ab",
        "same length, same key"
    );
    assert_eq!(runs.load(Relaxed), 3);
}

#[tokio::test]
async fn a_path_chooses_what_identifies_a_call() {
    let runs = AtomicU32::new(0);
    assert_eq!(by_path(&runs, 0.5).await, 0.5);
    assert_eq!(by_path(&runs, 0.5).await, 0.5);
    assert_eq!(runs.load(Relaxed), 1);
}

#[opero(cache_if = |value| *value > 1, cache_key = |n| n)]
fn only_large(n: u32, runs: &AtomicU32) -> u32 {
    runs.fetch_add(1, Relaxed);
    n
}

#[test]
fn cache_if_decides_what_is_kept() {
    let runs = AtomicU32::new(0);
    for n in [1, 1, 2, 2] {
        assert_eq!(only_large(n, &runs), n);
    }
    assert_eq!(runs.load(Relaxed), 3);
}

struct Client {
    id: u32,
}

impl Client {
    #[opero(cache_key = |n| (self.id, n))]
    fn method(&self, n: u32, runs: &AtomicU32) -> u32 {
        runs.fetch_add(1, Relaxed);
        n + self.id
    }
}

#[test]
fn a_key_may_use_self() {
    let runs = AtomicU32::new(0);
    let (one, two) = (Client { id: 1 }, Client { id: 2 });
    assert_eq!(
        [
            one.method(1, &runs),
            one.method(1, &runs),
            two.method(1, &runs)
        ],
        [2, 2, 3]
    );
    assert_eq!(runs.load(Relaxed), 2);
}

#[opero(rate_limit = 1_000_000, rate_burst = 5, rate_key = tenant, rate_cost = 2, cache = false)]
fn limited(tenant: &str) -> usize {
    tenant.len()
}

#[opero(rate_limit = "1000000/s", rate_burst = 5, rate_key = "tenant", rate_cost = |weight| *weight, cache = false)]
fn weighed(tenant: &str, weight: u32) -> Result<usize, opero::Error<String>> {
    Ok(tenant.len() + weight as usize)
}

#[test]
fn limiters_by_argument_and_cost_work() {
    assert_eq!(limited("ab"), 2);
    assert_eq!(weighed("ab", 5).unwrap(), 7);
    assert!(weighed("ab", 6).unwrap_err().is_rate_limited());
}

static SENT: AtomicU32 = AtomicU32::new(0);

#[opero]
fn send(_message: &str) -> Result<(), String> {
    SENT.fetch_add(1, Relaxed);
    Ok(())
}

#[opero]
async fn send_plainly(_message: &str) {
    SENT.fetch_add(1, Relaxed);
}

#[opero(cache = true)]
fn send_once(_message: &str) -> Result<(), String> {
    SENT.fetch_add(1, Relaxed);
    Ok(())
}

#[opero(cache_ttl = 60)]
fn send_once_a_minute(_message: &str) {
    SENT.fetch_add(1, Relaxed);
}

#[opero::operomap(progress = false)]
fn send_each(_message: u32) -> std::io::Result<()> {
    SENT.fetch_add(1, Relaxed);
    Ok(())
}

#[tokio::test]
async fn what_is_called_for_its_effect_is_not_left_out() {
    let sent = || SENT.swap(0, Relaxed);
    send("a").and_then(|()| send("a")).unwrap();
    assert_eq!(sent(), 2);
    send_plainly("a").await;
    send_plainly("a").await;
    assert_eq!(sent(), 2);
    send_once("a").and_then(|()| send_once("a")).unwrap();
    assert_eq!(sent(), 1);
    send_once_a_minute("a");
    send_once_a_minute("a");
    assert_eq!(sent(), 1);
    assert_eq!(send_each([1, 1, 1]).run().len(), 3);
    assert_eq!(sent(), 3);
}

struct Tenant {
    id: u32,
    runs: AtomicU32,
}

impl Tenant {
    #[opero(cache_key = |query| (self.id, query), rate_limit = 1e6, rate_key = |_| self.id)]
    async fn ask(self: Arc<Self>, query: String) -> String {
        self.runs.fetch_add(1, Relaxed);
        format!("{}: {query}", self.id)
    }

    #[opero(cache_backend = memory(), cache_key = |query| (self.id, query))]
    fn ask_by_records(self: Arc<Self>, query: String) -> Result<u32, opero::Error<String>> {
        Ok(self.runs.fetch_add(1, Relaxed) + u32::try_from(query.len()).unwrap())
    }
}

fn memory() -> String {
    "memory".to_owned()
}

#[tokio::test]
async fn a_key_is_made_of_a_self_that_is_taken_by_value() {
    let [one, two] = [1, 2].map(|id| {
        let runs = AtomicU32::new(0);
        Arc::new(Tenant { id, runs })
    });
    for tenant in [&one, &two, &one] {
        let answer = Arc::clone(tenant).ask("q".to_owned()).await;
        assert_eq!(answer, format!("{}: q", tenant.id));
    }
    assert_eq!((one.runs.load(Relaxed), two.runs.load(Relaxed)), (1, 1));
    assert_eq!(Arc::clone(&one).ask_by_records("q".to_owned()).unwrap(), 2);
    assert_eq!(one.ask_by_records("q".to_owned()).unwrap(), 2);
}
