use opero::opero;

struct Client;

impl Client {
    // Its name is found under `Self`, which nothing here tells.
    #[opero(cache_stale = 60)]
    fn associated(a: u32) -> u32 {
        a
    }
}

fn main() {}
