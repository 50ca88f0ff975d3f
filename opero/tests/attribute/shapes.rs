//! Every shape of a function that can be decorated.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::extend::async_trait;
use opero::{Error, opero};

static RUNS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, PartialEq)]
struct ApiError(&'static str);

/// Keeps its docs.
#[opero(min_delay = 0)]
fn sync(a: &str, b: String) -> Result<String, ApiError> {
    RUNS.fetch_add(1, Relaxed);
    if a.is_empty() {
        return Err(ApiError("empty"));
    }
    let b = b + "!";
    Ok(format!("{a}{b}"))
}

#[test]
fn a_sync_function_is_cached_and_retried() {
    let before = RUNS.load(Relaxed);
    assert_eq!(sync("a", "b".into()), Ok("ab!".into()));
    assert_eq!(sync("a", "b".into()), Ok("ab!".into()));
    assert_eq!(RUNS.load(Relaxed) - before, 1);
    assert_eq!(sync("", "b".into()), Err(ApiError("empty")));
    assert_eq!(
        RUNS.load(Relaxed) - before,
        5,
        "one attempt and three retries"
    );
}

#[opero(retries = 2, min_delay = 0)]
async fn asynchronous(a: &str, mut b: String) -> Result<String, std::num::ParseIntError> {
    tokio::task::yield_now().await;
    let n: u32 = a.parse()?;
    b.push('!');
    Ok(format!("{n}{b}"))
}

#[tokio::test]
async fn an_async_function_can_be_spawned_with_borrowed_arguments() {
    assert_eq!(asynchronous("1", "b".into()).await, Ok("1b!".into()));
    assert!(asynchronous("x", "b".into()).await.is_err());
    let task = tokio::spawn(async {
        let text = String::from("7");
        asynchronous(&text, "b".into()).await
    });
    assert_eq!(task.await.unwrap(), Ok("7b!".into()));
}

#[opero(retries = 1, min_delay = 0)]
async fn with_history(a: u32) -> Result<u32, Error<ApiError>> {
    if a == 0 {
        Err(ApiError("zero"))?
    }
    Ok(a)
}

#[tokio::test]
async fn opero_error_holds_every_attempt() {
    let error = with_history(0).await.unwrap_err();
    assert_eq!(error.attempts(), 2);
    assert_eq!(error.function_error(), Some(&ApiError("zero")));
}

#[opero(cache = false, retries = 3, min_delay = 0)]
fn of_its_own() -> Result<u8, Error<&'static str>> {
    Err("inner")?
}

#[opero(cache = false, retries = 1, min_delay = 0)]
fn around_it() -> Result<u8, Error<&'static str>> {
    of_its_own()
}

#[test]
fn the_attempts_of_a_decorated_function_within_are_not_those_of_the_outer_one() {
    assert_eq!(of_its_own().unwrap_err().attempts(), 4);
    let error = around_it().unwrap_err();
    assert_eq!(error.function_error(), Some(&"inner"));
    assert_eq!((error.attempts(), error.last_attempt().number), (2, 2));
}

#[opero]
fn plain(a: u32) -> u32 {
    a * 2
}

#[opero(cache = false)]
async fn unit() {
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn functions_that_cannot_fail_work() {
    assert_eq!(plain(4), 8);
    unit().await;
}

#[opero]
fn aliased(path: &str) -> std::io::Result<String> {
    if path.is_empty() {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    Ok(path.to_owned())
}

#[test]
fn aliases_of_result_are_seen_through() {
    assert_eq!(aliased("a").unwrap(), "a");
}

#[derive(Clone, Hash)]
struct Client {
    name: String,
}

#[derive(Hash)]
struct Holder<T, const N: usize> {
    inner: T,
}

impl Client {
    #[opero]
    async fn by_reference(&self, a: &str) -> Result<String, ApiError> {
        Ok(format!("{}{a}", self.name))
    }

    #[opero]
    fn by_reference_sync<'a>(&'a self, a: &'a str) -> Result<String, ApiError> {
        Ok(format!("{}{a}", self.name))
    }

    #[opero]
    async fn by_value(self, a: u32) -> Result<String, ApiError> {
        let moved = self;
        Ok(format!("{}{a}", moved.name))
    }

    #[opero]
    async fn by_value_mut(mut self, a: u32) -> Result<String, ApiError> {
        self.name.push('!');
        Ok(format!("{}{a}", self.name))
    }

    #[opero]
    async fn in_arc(self: Arc<Self>, a: u32) -> Result<String, ApiError> {
        Ok(format!("{}{a}", self.name))
    }

    #[opero]
    fn in_arc_ref(self: &Arc<Self>, a: u32) -> Result<String, ApiError> {
        Ok(format!("{}{a}", self.name))
    }

    #[opero(cache = false)]
    fn borrowed_result(&self) -> Result<&str, ApiError> {
        Ok(&self.name)
    }

    #[opero(cache = false)]
    async fn borrowed_result_async(&self) -> Result<&str, ApiError> {
        Ok(&self.name)
    }

    #[opero]
    fn associated(a: u32) -> Result<Self, ApiError> {
        Ok(Self {
            name: a.to_string(),
        })
    }
}

impl<T: std::fmt::Display + std::hash::Hash + Sync, const N: usize> Holder<T, N> {
    #[opero]
    async fn generic<U>(&self, u: U) -> Result<String, ApiError>
    where
        U: std::fmt::Display + Clone + std::hash::Hash + Send + Sync,
    {
        Ok(format!("{}{u}{N}", self.inner))
    }
}

#[tokio::test]
async fn methods_work() {
    let client = Client { name: "n".into() };
    assert_eq!(client.by_reference("a").await.unwrap(), "na");
    assert_eq!(client.by_reference_sync("a").unwrap(), "na");
    assert_eq!(client.clone().by_value(1).await.unwrap(), "n1");
    assert_eq!(client.clone().by_value_mut(1).await.unwrap(), "n!1");
    let client = Arc::new(client);
    assert_eq!(Arc::clone(&client).in_arc(1).await.unwrap(), "n1");
    assert_eq!(client.in_arc_ref(1).unwrap(), "n1");
    assert_eq!(client.borrowed_result().unwrap(), "n");
    assert_eq!(client.borrowed_result_async().await.unwrap(), "n");
    assert_eq!(Client::associated(3).unwrap().name, "3");
    let (one, two) = (Holder::<_, 1> { inner: 5 }, Holder::<_, 2> { inner: 5 });
    assert_eq!(one.generic("u").await.unwrap(), "5u1");
    assert_eq!(two.generic("u").await.unwrap(), "5u2");
}

trait Fetch {
    async fn fetch(&self, a: u32) -> Result<u32, ApiError>;
    fn declared(&self, a: u32) -> impl Future<Output = Result<u32, ApiError>> + Send;
}

impl Fetch for Client {
    #[opero]
    async fn fetch(&self, a: u32) -> Result<u32, ApiError> {
        Ok(a + 1)
    }

    #[opero]
    async fn declared(&self, a: u32) -> Result<u32, ApiError> {
        Ok(a + 2)
    }
}

#[async_trait]
trait Boxed {
    async fn boxed(&self, a: &str, b: String) -> Result<String, ApiError>;
    async fn own(self, b: String) -> Result<String, ApiError>;
}

#[async_trait]
impl Boxed for Client {
    #[opero]
    async fn boxed(&self, a: &str, b: String) -> Result<String, ApiError> {
        if a.is_empty() {
            return Err(ApiError("empty"));
        }
        Ok(format!("{}{a}{b}", self.name))
    }

    #[opero]
    async fn own(self, b: String) -> Result<String, ApiError> {
        Ok(format!("{}{b}", self.name))
    }
}

#[opero]
fn boxed_by_hand(a: &str) -> Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send + '_>> {
    Box::pin(async move { Ok(a.to_owned()) })
}

#[tokio::test]
async fn trait_methods_and_boxed_futures_work() {
    let client = Client { name: "n".into() };
    assert_eq!(client.fetch(1).await, Ok(2));
    assert_eq!(client.declared(1).await, Ok(3));
    assert_eq!(client.boxed("a", "b".into()).await.unwrap(), "nab");
    assert_eq!(client.clone().own("b".into()).await.unwrap(), "nb");
    let object: Box<dyn BoxedObject> = Box::new(client);
    assert_eq!(object.run("x").await.unwrap(), "nx");
    assert_eq!(boxed_by_hand("x").await.unwrap(), "x");
}

#[async_trait]
trait BoxedObject {
    async fn run(&self, a: &str) -> Result<String, ApiError>;
}

#[async_trait]
impl BoxedObject for Client {
    #[opero(cache = false)]
    async fn run(&self, a: &str) -> Result<String, ApiError> {
        Ok(format!("{}{a}", self.name))
    }
}

#[opero]
async fn fibonacci(n: u64) -> Result<u64, ApiError> {
    if n < 2 {
        return Ok(n);
    }
    Ok(Box::pin(fibonacci(n - 1)).await? + Box::pin(fibonacci(n - 2)).await?)
}

#[opero]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[tokio::test]
async fn recursion_works() {
    assert_eq!(fibonacci(12).await, Ok(144));
    assert_eq!(factorial(10), 3_628_800);
}

#[opero]
fn patterns((a, mut b): (u32, u32), [c, ..]: [u32; 3], _: u32, Point { x, .. }: Point) -> u32 {
    b += 1;
    a + b + c + x
}

#[derive(Clone, Hash)]
struct Point {
    x: u32,
    y: u32,
}

#[opero]
fn anonymous(a: impl AsRef<str> + Clone + std::hash::Hash + Send + Sync) -> usize {
    a.as_ref().len()
}

#[test]
fn patterns_and_anonymous_types_work() {
    assert_eq!(patterns((1, 2), [3, 4, 5], 6, Point { x: 10, y: 0 }), 17);
    assert_eq!(anonymous("abc"), 3);
    assert_eq!(anonymous(String::from("ab")), 2);
}

#[test]
fn a_function_in_a_function_body_works() {
    #[opero]
    fn inner(a: u32) -> Result<u32, ApiError> {
        Ok(a + 1)
    }
    use inner as renamed;
    assert_eq!(renamed(1), Ok(2));
}

#[opero(cache = false)]
fn explicit_lifetimes<'a, 'b: 'a>(a: &'a str, b: &'b str) -> Result<&'a str, ApiError> {
    Ok(if a.is_empty() { b } else { a })
}

#[test]
fn explicit_lifetimes_work() {
    assert_eq!(explicit_lifetimes("", "b"), Ok("b"));
}

#[opero]
fn tail_borrows(text: Shared, key: String) -> usize {
    // The guard of the last expression must end before the argument does.
    usize::from(*text.0.lock().unwrap()) + key.len()
}

#[derive(Clone)]
struct Shared(Arc<std::sync::Mutex<u8>>);

impl std::hash::Hash for Shared {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.lock().unwrap().hash(state);
    }
}

#[test]
fn temporaries_of_the_last_expression_end_before_the_arguments() {
    assert_eq!(tail_borrows(Shared(Arc::default()), "ab".into()), 2);
}

impl std::fmt::Display for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.name)
    }
}

impl Client {
    #[opero(cache = false)]
    fn shown(self, width: usize) -> String {
        macro_rules! name {
            () => {
                self.name.len()
            };
        }
        format!("{self:>width$} {{self}} {}", name!())
    }

    #[opero(cache = false)]
    async fn shown_in_arc(self: Arc<Self>) -> String {
        format!("{self}")
    }
}

#[tokio::test]
async fn a_self_taken_by_value_is_seen_by_macros() {
    let client = Client { name: "n".into() };
    assert_eq!(client.clone().shown(3), "  n {self} 1");
    assert_eq!(Arc::new(client).shown_in_arc().await, "n");
}
