//! Prints the bytes of a function's future: its own, decorated, and glued.

#![allow(unused)]

async fn work(a: u64) -> u64 {
    let kept = std::hint::black_box([a; 32]);
    tokio::task::yield_now().await;
    kept.iter().sum()
}

async fn own(a: u64, b: &str) -> Result<String, std::io::Error> {
    Ok(format!("{}{b}", work(a).await))
}

#[opero::opero(cache_ttl = 60, retries = 2, rate_limit = 1000000)]
async fn decorated(a: u64, b: &str) -> Result<String, std::io::Error> {
    Ok(format!("{}{b}", work(a).await))
}

#[cached(
    max_size = 10_000,
    ttl_secs = 60,
    key = "(u64, String)",
    convert = { (a, b.to_owned()) }
)]
async fn glued(a: u64, b: &str) -> Result<String, std::io::Error> {
    static LIMIT: Limit = Limit::new(limit);
    (|| async {
        LIMIT.until_ready().await;
        Ok(format!("{}{b}", work(a).await))
    })
    .retry(backoff())
    .await
}

fn main() {
    println!("own {}", size_of_val(&own(1, "b")));
    println!("opero {}", size_of_val(&decorated(1, "b")));
    println!("glued {}", size_of_val(&glued(1, "b")));
}
