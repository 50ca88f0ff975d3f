use std::error::Error as StdError;
use std::rc::Rc;

use opero::extend::{Attempt, Context, Operation, Stage};
use opero::{Error, opero};

#[opero(cache = false)]
async fn held(a: u32) -> u32 {
    let held = Rc::new(a);
    std::future::ready(()).await;
    *held
}

#[opero(cache = false)]
async fn error(a: u32) -> Result<u32, Box<dyn StdError>> {
    Ok(a)
}

#[opero(cache = false)]
async fn value(a: u32) -> Result<Rc<u32>, String> {
    Ok(Rc::new(a))
}

#[opero]
fn cached(a: u32) -> Result<Rc<u32>, Box<dyn StdError>> {
    Ok(Rc::new(a))
}

#[opero(handle = true)]
fn bound(a: u32) -> Result<u32, Box<dyn StdError>> {
    Ok(a)
}

struct Audit;

impl<T: Send, E: Send> Stage<T, E> for Audit {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        next.attempt(cx, attempt).await
    }
}

#[opero(cache = false, outside = Audit)]
fn staged(a: u32) -> Result<u32, Box<dyn StdError>> {
    Ok(a)
}

fn main() {}
