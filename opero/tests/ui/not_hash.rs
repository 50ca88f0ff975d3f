use opero::opero;

#[derive(Clone)]
struct Settings;

#[opero]
fn float(prompt: &str, temperature: f64) -> String {
    format!("{prompt}{temperature}")
}

#[opero]
async fn own(settings: Settings) -> u32 {
    let _ = settings;
    1
}

impl Settings {
    #[opero]
    fn method(&self) -> u32 {
        1
    }
}

#[opero(cache_key = |a| f64::from(*a))]
fn bad_key(a: u32) -> u32 {
    a
}

#[opero(cache_key = |b| b)]
fn no_such_argument(a: u32) -> u32 {
    a
}

#[opero(rate_limit = 1, rate_key = tenent, cache = false)]
fn no_such_tenant(tenant: u32) -> u32 {
    tenant
}

#[opero(cache = false)]
fn fine(temperature: f64) -> f64 {
    temperature
}

#[opero]
fn generic<T>(value: T) -> u32 {
    0
}

fn main() {}
