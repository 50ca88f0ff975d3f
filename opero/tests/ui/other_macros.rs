//! What other macros cannot see of a decorated function.
use opero::{opero, operomap};

#[operomap]
#[tracing::instrument(err)]
fn spans_of_a_run(a: u32) -> Result<u32, String> {
    Ok(a)
}

macro_rules! shout {
    ($($text:tt)*) => { println!($($text)*) };
}

#[derive(Debug, Clone)]
struct Client;

impl Client {
    #[opero(cache = false)]
    fn captured(self) {
        shout!("{self:?}");
    }
}

fn main() {}
