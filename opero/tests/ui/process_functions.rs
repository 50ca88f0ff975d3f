//! Functions that worker processes cannot find or call.

use opero::operomap;

struct Client;

impl Client {
    #[operomap(mode = "process")]
    fn method(&self, n: u32) -> u32 {
        n
    }

    #[operomap(mode = "process")]
    fn of_self(n: u32) -> u32 {
        Self::one() + n
    }

    fn one() -> u32 {
        1
    }
}

#[operomap(mode = "process")]
fn generic<T: Clone + Send + Sync>(value: T) -> u32 {
    drop(value);
    1
}

#[operomap(mode = "async_process")]
async fn constant<const N: usize>(bytes: [u8; N]) -> usize {
    bytes.len()
}

#[operomap(mode = "process")]
fn opaque(n: u32, add: impl Fn(u32) -> u32 + Clone + Send + Sync) -> u32 {
    add(n)
}

#[operomap(mode = "process")]
fn within(words: &[&str]) -> usize {
    words.len()
}

#[operomap(mode = "process")]
fn forever(word: &'static str) -> usize {
    word.len()
}

#[operomap(mode = "process")]
fn value(n: u32) -> Result<&'static str, String> {
    Err(n.to_string())
}

#[operomap(mode = "process")]
fn error(n: u32) -> Result<u32, &'static str> {
    Ok(n)
}

#[operomap(resume = "file")]
fn recorded(n: u32) -> Result<u32, &'static str> {
    Ok(n)
}

#[operomap(resume_version = 1)]
fn recorded_if_a_run_says_so(n: u32) -> &'static str {
    drop(n);
    "one"
}

fn load() {}

#[operomap(mode = "thread", worker_init = load, worker_memory = "1 GiB")]
fn threads(n: u32) -> u32 {
    n
}

#[operomap(worker_init = load)]
fn without_a_mode(n: u32) -> u32 {
    n
}

fn main() {}
