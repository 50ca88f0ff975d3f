//! What `handle` gives.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::{Error, opero};

#[opero(handle = true, cache_key = |n| n)]
fn double(n: u32, runs: &AtomicU32) -> Result<u32, String> {
    runs.fetch_add(1, Relaxed);
    Ok(n * 2)
}

#[test]
fn a_bound_call_looks_inserts_refreshes_bypasses_and_invalidates() {
    let runs = AtomicU32::new(0);
    let count = || runs.load(Relaxed);
    assert_eq!(double_call(1, &runs).peek(), None);
    assert_eq!((double(1, &runs), count()), (Ok(2), 1));
    assert_eq!((double_call(1, &runs).peek(), count()), (Some(2), 1));
    double_call(1, &runs).insert(7);
    assert_eq!((double(1, &runs), count()), (Ok(7), 1));
    assert_eq!((double_call(1, &runs).bypass(), count()), (Ok(2), 2));
    assert_eq!((double(1, &runs), count()), (Ok(7), 2));
    assert_eq!((double_call(1, &runs).refresh(), count()), (Ok(2), 3));
    assert_eq!((double_call(1, &runs).run(), count()), (Ok(2), 3));
    double_call(1, &runs).invalidate().unwrap();
    assert_eq!((double(1, &runs), count()), (Ok(2), 4));
    // A look is none.
    assert_eq!(double_cache().stats().unwrap().hits, 3);
    double_cache().clear_sync().unwrap();
    assert_eq!((double(1, &runs), count()), (Ok(2), 5));
}

#[derive(Hash)]
struct Client<T>(T);

impl<T: std::hash::Hash + Send + Sync + ToString> Client<T> {
    /// Asks.
    #[opero(handle = true, arg_fallback = "model")]
    async fn ask<U>(&self, prompt: U, model: &str) -> Result<String, Error<String>>
    where
        U: ToString + Clone + std::hash::Hash + Send + Sync,
    {
        Ok(format!(
            "{}{}{model}",
            self.0.to_string(),
            prompt.to_string()
        ))
    }

    #[opero(handle = Self)]
    async fn associated(n: u32) -> u32 {
        n
    }
}

#[tokio::test]
async fn methods_have_handles() {
    let client = Client(1);
    assert_eq!(client.ask(2, vec!["x"]).await.unwrap(), "12x");
    assert_eq!(client.ask_call(2, vec!["x"]).peek().await.unwrap(), "12x");
    assert_eq!(client.ask_call(3, "x").peek().await, None);
    client.ask_call(3, "x").insert("kept".into()).await;
    assert_eq!(client.ask(3, "x").await.unwrap(), "kept");
    client.ask_call(3, "x").invalidate().await.unwrap();
    assert_eq!(client.ask_call(3, "x").refresh().await.unwrap(), "13x");
    Client::<u32>::ask_cache().ping().await.unwrap();
    Client::<u32>::ask_cache().clear().await.unwrap();
    assert_eq!(Client::<u32>::associated(4).await, 4);
    assert_eq!(Client::<u32>::associated_call(4).peek().await, Some(4));
    let task = tokio::spawn(async { Client(5).ask_call(1, "m").run().await });
    assert_eq!(task.await.unwrap().unwrap(), "51m");
}
