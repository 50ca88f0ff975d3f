//! Values of the parameters that only a map has.

use opero::operomap;

#[operomap(mode = "process", worker_memory = "much", worker_recycle_above = 512MiB, worker_recycle_after = 0, worker_in_flight = "many")]
fn sizes(n: u32) -> u32 {
    n
}

#[operomap(mode = "process", worker_memory = 0, worker_recycle_above = true, worker_init = "load")]
fn more_sizes(n: u32) -> u32 {
    n
}

#[operomap(on_error = "stop after 0", resume = "", timeline = "yes")]
fn stops(n: u32) -> u32 {
    n
}

#[operomap(on_error = "stop above 100%", resume = true, resume_version)]
fn shares(n: u32) -> u32 {
    n
}

#[operomap(on_error = "stop sometimes", resume_failed = 1, ctrl_c = 2)]
fn sometimes(n: u32) -> u32 {
    n
}

#[operomap(item_timeout = 1, attempt_timeout = 1)]
fn times(n: u32) -> Result<u32, opero::Error<String>> {
    Ok(n)
}

#[opero::opero(resume = "file")]
fn single(n: u32) -> u32 {
    n
}

fn main() {}
