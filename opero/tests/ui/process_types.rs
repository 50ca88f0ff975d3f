//! Types that cannot pass between processes.

use std::sync::atomic::AtomicU32;

use opero::operomap;
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct NotBytes;

#[derive(Clone, Serialize)]
struct OneWay;

#[derive(Serialize, Deserialize)]
struct NotClone;

#[operomap(mode = "process", cache = false)]
fn argument(n: u32, client: NotBytes) -> u32 {
    drop(client);
    n
}

#[operomap(mode = "process", cache = false)]
fn item(item: &OneWay) -> u32 {
    let _ = item;
    1
}

#[operomap(mode = "process", cache = false)]
fn lent(n: u32, runs: &AtomicU32, other: &NotClone) -> u32 {
    let _ = (runs, other);
    n
}

#[operomap(mode = "process", cache = false)]
fn value(n: u32) -> Result<NotBytes, String> {
    Err(n.to_string())
}

#[operomap(mode = "async_process", cache = false)]
async fn error(n: u32) -> Result<u32, std::io::Error> {
    Ok(n)
}

#[operomap(mode = "process", cache = false)]
fn alias(n: u32) -> std::io::Result<u32> {
    Ok(n)
}

#[operomap(mode = "process", cache = false, worker_init = load)]
fn init(n: u32) -> u32 {
    n
}

type Text = &'static str;

#[operomap(mode = "process", cache = false)]
fn hidden_argument(n: u32, text: Text) -> u32 {
    let _ = text;
    n
}

#[operomap(mode = "process", cache = false)]
fn hidden_error(n: u32) -> Result<u32, Text> {
    Ok(n)
}

#[operomap(mode = "process", cache = false)]
fn hidden_value(n: u32) -> Text {
    let _ = n;
    "text"
}

fn load() -> u32 {
    1
}

fn main() {}
