use opero::opero;

#[opero(cache_ttl = "forever", cache_stale = 60)]
fn never_stale(a: u32) -> u32 {
    a
}

#[opero(cache_ttl = 60, cache_refresh = "2m")]
fn always_refreshing(a: u32) -> u32 {
    a
}

#[opero(cache_refresh = "1h")]
fn as_long_as_the_default(a: u32) -> u32 {
    a
}

#[opero(cache_stale = 5min)]
fn without_quotes(a: u32) -> u32 {
    a
}

#[opero(cache_stale = -1)]
fn negative(a: u32) -> u32 {
    a
}

fn main() {}
