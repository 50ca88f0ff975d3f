use opero::{Rejected, opero};

struct Own;
struct Taking;

impl From<Rejected> for Taking {
    fn from(_: Rejected) -> Self {
        Self
    }
}

#[opero(attempt_timeout = 5, cache = false)]
async fn timeout(a: u32) -> Result<u32, Own> {
    Ok(a)
}

#[opero(rate_limit = 1, rate_max_wait = "1s", cache = false)]
fn max_wait(a: u32) -> u32 {
    a
}

#[opero(cache_backend = "mine://localhost")]
fn foreign_backend(a: u32) -> Result<u32, Own> {
    Ok(a)
}

#[opero(attempt_timeout = 5, cache = false)]
async fn fine(a: u32) -> Result<u32, Taking> {
    Ok(a)
}

#[opero(attempt_timeout = 5, cache = false)]
async fn fine_too(a: u32) -> Result<u32, opero::Error<Own>> {
    Ok(a)
}

const DELAY: std::time::Duration = std::time::Duration::ZERO;

#[opero(min_delay = DELAY)]
fn known_at_run_time(a: u32) -> Result<u32, Own> {
    Ok(a)
}

#[opero(rate_limit = 1, rate_burst = 9, rate_cost = |a| *a)]
fn dear(a: u32) -> Result<u32, Own> {
    Ok(a)
}

fn main() {}
