use opero::extend::{Attempt, Context, Operation, Stage};
use opero::{Error, opero, operomap};

static ONCE: Once = Once;
static TWICE: Twice = Twice;

struct Once;

impl<T: Send, E: Send> Stage<T, E> for Once {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        next.attempt(cx, attempt).await
    }
}

struct Twice;

impl<T: Send, E: Send> Stage<T, E> for Twice {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        match next.attempt(cx, attempt).await {
            Ok(value) => Ok(value),
            Err(_) => next.attempt(cx, attempt).await,
        }
    }
}

#[operomap(mode = "async", cache = false)]
async fn each(a: u64) -> Result<String, Error<std::io::Error>> {
    f0(a, "b").await
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let results = runtime.block_on(async { each(0..4).await });
    println!("{}", results.iter().filter(|result| result.is_ok()).count());
    Ok(())
}
