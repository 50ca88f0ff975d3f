//! Settings that depend on what is not known when they are read.
use opero::opero;

struct Client;

impl Client {
    const LIMIT: u32 = 10;

    #[opero(cache_ttl = Self::LIMIT, max_delay = self.delay)]
    fn ask(&self, a: u32) -> Result<u32, opero::Error<String>> {
        Ok(a)
    }
}

#[opero(retries = N, min_delay = delay, cache_backend = backend())]
fn instance<const N: u32>(delay: f64, backend: u32) -> Result<u32, opero::Error<String>> {
    Ok(backend + delay as u32)
}

fn backend() -> String {
    "memory".to_owned()
}

// The way out.
impl Client {
    #[opero(cache_ttl = Client::LIMIT, cache_key = |_| Self::LIMIT)]
    fn told(&self, a: u32) -> Result<u32, opero::Error<String>> {
        Ok(a)
    }
}

fn main() {}
