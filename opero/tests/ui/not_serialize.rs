use opero::opero;

#[derive(Clone, Hash)]
struct Settings;

#[derive(Clone, serde::Serialize)]
struct WriteOnly;

// A number with a fraction has bytes, though it has no `Hash`.
#[opero(cache_backend = "disk")]
fn fine(prompt: &str, temperature: f64) -> String {
    format!("{prompt}{temperature}")
}

#[opero(cache_backend = "disk")]
fn argument(prompt: &str, settings: Settings) -> String {
    let _ = settings;
    prompt.to_owned()
}

#[opero(cache_backend = "redb:///var/cache/app")]
async fn value(prompt: &str) -> WriteOnly {
    let _ = prompt;
    WriteOnly
}

impl Settings {
    #[opero(cache_backend = "memory+disk")]
    fn method(&self) -> u32 {
        1
    }
}

#[opero(cache_backend = "redis", cache_key = |a| (a, Settings))]
fn bad_key(a: u32) -> Result<u32, opero::Error<String>> {
    Ok(a)
}

#[opero(rate_limit = 1, rate_backend = "redis", rate_key = settings, cache = false)]
fn bad_rate_key(settings: &Settings) -> Result<u32, opero::Error<String>> {
    let _ = settings;
    Ok(1)
}

// A server's address may be missing, and a setting wrong.
#[opero(cache_backend = "redis")]
fn server(a: u32) -> u32 {
    a
}

#[opero(cache_backend = "disk:///var/cache/app?max_bytes=1GiB")]
fn setting(a: u32) -> u32 {
    a
}

// Which store it is shows at run time, so nothing is demanded but what every cache needs.
const BACKEND: &str = "disk";

#[opero(cache_backend = BACKEND)]
fn fine_too(settings: Settings) -> Result<u32, opero::Error<String>> {
    let _ = settings;
    Ok(1)
}

fn main() {}
