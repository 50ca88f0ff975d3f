//! Values that serve while they are refreshed: who can be called again on his own is not waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

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

/// Nothing of it can be kept: somebody waits.
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
