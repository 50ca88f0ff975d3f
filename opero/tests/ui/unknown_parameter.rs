use opero::{opero, operomap};

#[opero(cache_tll = 60)]
fn misspelt(a: u32) -> u32 {
    a
}

#[opero(colour = "red")]
fn unheard_of(a: u32) -> u32 {
    a
}

#[opero(mode = "thread")]
fn of_the_other(a: u32) -> u32 {
    a
}

#[operomap(handle = true)]
fn of_this_one(a: u32) -> u32 {
    a
}

#[opero(retries = 1, retries = 2)]
fn doubled(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(ttl = 3, delay = 1)]
fn halves(a: u32) -> u32 {
    a
}

#[opero(retries: 3)]
fn colon(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(retry(3))]
fn call(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(retry = 3)]
fn verb(a: u32) -> Result<u32, String> {
    Ok(a)
}

struct Audit;

#[opero(inside = [Audit, Audit], outside = |a| a)]
fn two_stages(a: u32) -> Result<u32, opero::Error<String>> {
    Ok(a)
}

#[operomap(cache_ttl = || 3, workers = |a| 3)]
fn closures(a: u32) -> Result<u32, opero::Error<String>> {
    Ok(a)
}

fn main() {}
