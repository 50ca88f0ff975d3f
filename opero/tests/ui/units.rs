use opero::{opero, operomap};

#[opero(min_delay = 1ms)]
fn delay(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(cache_ttl = 1h)]
fn ttl(a: u32) -> u32 {
    a
}

#[opero(rate_limit = 60min)]
fn rate(a: u32) -> u32 {
    a
}

#[opero(retries = 3s)]
fn count(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(rate_limit = 10, rate_burst = 9, rate_cost = 2tokens)]
fn cost(a: u32) -> u32 {
    a
}

#[operomap(item_timeout = 100ms, workers = 4threads)]
async fn item(a: u32) -> u32 {
    a
}

fn main() {}
