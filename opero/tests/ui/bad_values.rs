use opero::{opero, operomap};

#[opero(min_delay = -1)]
fn negative(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(min_delay = 60)]
fn above_the_default(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(min_delay = "2s", max_delay = "1s")]
fn crossed(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(cache_ttl = "soon")]
fn no_duration(a: u32) -> u32 {
    a
}

#[opero(cache_ttl = 0, cache_capacity = 0, cache_namespace = "")]
fn nothing_kept(a: u32) -> u32 {
    a
}

#[opero(retries = -1)]
fn negative_retries(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(retries = 1.5)]
fn half_a_retry(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(retries = 4294967296)]
fn too_many_retries(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(backoff_factor = 0.5)]
fn shrinking(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(backoff_factor = 1e999)]
fn infinite(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(rate_limit = 0)]
fn never(a: u32) -> u32 {
    a
}

#[opero(rate_limit = "100 per minute")]
fn no_rate(a: u32) -> u32 {
    a
}

#[opero(rate_limit = 10, rate_burst = 0)]
fn no_burst(a: u32) -> u32 {
    a
}

#[opero(rate_limit = 10, rate_burst = 2, rate_cost = 3)]
fn too_dear(a: u32) -> u32 {
    a
}

#[opero(rate_burst = 2)]
fn burst_of_nothing(a: u32) -> u32 {
    a
}

#[opero(cache = "no")]
fn no_flag(a: u32) -> u32 {
    a
}

#[operomap(workers = 0)]
fn no_worker(a: u32) -> u32 {
    a
}

#[operomap(on_error = "explode")]
fn no_such_reaction(a: u32) -> u32 {
    a
}

#[opero(cache_backend = "memroy", rate_limit = 1, rate_backend = "lcoal")]
fn no_such_backends(a: u32) -> u32 {
    a
}

#[opero(cache_ttl = "3600", rate_limit = "100", cache = "memory")]
fn quoted(a: u32) -> u32 {
    a
}

fn main() {}
