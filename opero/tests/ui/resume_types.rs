//! Types that cannot be recorded.

use opero::operomap;

struct NotBytes;

#[operomap(resume = "file", cache = false)]
fn argument(n: u32, client: &NotBytes) -> u32 {
    let _ = client;
    n
}

#[operomap(resume = "file", cache = false, cache_key = |_n, client| client)]
fn key(n: u32, client: &NotBytes) -> u32 {
    let _ = client;
    n
}

#[operomap(resume = std::env::temp_dir(), cache = false)]
fn value(n: u32) -> Option<NotBytes> {
    (n > 0).then_some(NotBytes)
}

#[operomap(resume = "file", cache = false)]
async fn error(n: u32) -> Result<u32, std::io::Error> {
    Ok(n)
}

#[operomap(resume = 5_u8 + 1, cache = false)]
fn no_path(n: u32) -> u32 {
    n
}

type Failure = &'static str;

#[operomap(resume = "file", cache = false)]
fn hidden_error(n: u32) -> Result<u32, Failure> {
    Ok(n)
}

#[operomap(resume_version = 1, cache = false)]
fn generic<T: Clone + Send + Sync>(item: T) -> T {
    item
}

#[operomap(resume_name = 5, cache = false)]
fn name(n: u32) -> u32 {
    n
}

fn main() {}
