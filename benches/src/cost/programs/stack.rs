//! Prints the bytes of stack that a level of a recursion takes: decorated, glued and plain; sync and async.

#![allow(unused)]

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use opero::opero;

const LEVELS: u64 = 64;
const STACK: usize = 64 << 20;

static LOW: AtomicUsize = AtomicUsize::new(usize::MAX);
static HIGH: AtomicUsize = AtomicUsize::new(0);

#[inline(never)]
fn mark() {
    let here = 0_u8;
    let address = black_box(&raw const here).addr();
    LOW.fetch_min(address, Relaxed);
    HIGH.fetch_max(address, Relaxed);
}

fn print(name: &str, _: Result<u64, String>) {
    let used = HIGH.swap(0, Relaxed) - LOW.swap(usize::MAX, Relaxed);
    println!("{name} {}", used as u64 / LEVELS);
}

mod plain {
    use super::*;

    pub fn level(n: u64) -> Result<u64, String> {
        mark();
        Ok(if n == 0 {
            0
        } else {
            black_box(level(n - 1))? + 1
        })
    }

    pub async fn level_async(n: u64) -> Result<u64, String> {
        mark();
        Ok(if n == 0 {
            0
        } else {
            black_box(Box::pin(level_async(n - 1)).await)? + 1
        })
    }
}

mod decorated {
    use super::*;

    #[opero]
    pub fn level(n: u64) -> Result<u64, String> {
        mark();
        Ok(if n == 0 {
            0
        } else {
            black_box(level(n - 1))? + 1
        })
    }

    #[opero]
    pub async fn level_async(n: u64) -> Result<u64, String> {
        mark();
        Ok(if n == 0 {
            0
        } else {
            black_box(Box::pin(level_async(n - 1)).await)? + 1
        })
    }
}

mod glued {
    use super::*;

    #[cached(max_size = 10_000, ttl_secs = 3_600)]
    pub fn level(n: u64) -> Result<u64, String> {
        let once = || {
            mark();
            Ok(if n == 0 {
                0
            } else {
                black_box(level(n - 1))? + 1
            })
        };
        once.retry(backoff()).call()
    }

    #[cached(max_size = 10_000, ttl_secs = 3_600)]
    pub async fn level_async(n: u64) -> Result<u64, String> {
        let once = || async {
            mark();
            Ok(if n == 0 {
                0
            } else {
                black_box(Box::pin(level_async(n - 1)).await)? + 1
            })
        };
        once.retry(backoff()).await
    }
}

fn all() -> std::io::Result<()> {
    print("plain", plain::level(LEVELS));
    print("opero", decorated::level(LEVELS));
    print("glued", glued::level(LEVELS));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        print("plain-async", plain::level_async(LEVELS).await);
        print("opero-async", decorated::level_async(LEVELS).await);
        print("glued-async", glued::level_async(LEVELS).await);
    });
    Ok(())
}

fn main() -> std::io::Result<()> {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(all)?;
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
