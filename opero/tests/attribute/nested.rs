//! Decorated functions that call decorated functions.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use opero::extend::{Attempt, Context, Operation, Stage};
use opero::{Error, opero, operomap};

/// Executes what it is around twice, and keeps the second result.
struct Twice;

impl<T: Send, E: Send> Stage<T, E> for Twice {
    async fn call<O: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        operation: O,
    ) -> Result<T, Error<E>> {
        let _ = operation.attempt(cx, attempt).await;
        operation.attempt(cx, attempt).await
    }
}

/// Passes everything on.
struct Through;

impl<T: Send, E: Send> Stage<T, E> for Through {
    async fn call<O: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        operation: O,
    ) -> Result<T, Error<E>> {
        operation.attempt(cx, attempt).await
    }
}

type Answer = Result<u32, Error<String>>;

static EXECUTIONS: AtomicU32 = AtomicU32::new(0);

#[opero(cache = false, outside = Through, inside = Twice)]
async fn first(n: u32) -> Answer {
    EXECUTIONS.fetch_add(1, Ordering::Relaxed);
    Ok(n)
}

/// Each calls the one before it, so the last one's future holds all of them.
macro_rules! chain {
    ($($name:ident calls $before:ident),*) => {$(
        #[opero(cache = false, outside = Through, inside = Through)]
        async fn $name(n: u32) -> Answer {
            Ok($before(n).await? + 1)
        }
    )*};
}

chain!(
    second calls first, third calls second, fourth calls third, fifth calls fourth,
    sixth calls fifth, seventh calls sixth, eighth calls seventh
);

#[tokio::test]
async fn eight_functions_with_stages_of_the_users_compile_and_run() {
    // From a task, too: the whole chain is `Send`.
    assert_eq!(tokio::spawn(eighth(1)).await.unwrap().unwrap(), 8);
    assert_eq!(EXECUTIONS.load(Ordering::Relaxed), 2);
}

#[opero(arg_fallback = "source")]
async fn price(source: &str) -> Result<String, String> {
    Ok(source.to_owned())
}

#[operomap]
async fn prices(item: u32) -> Result<String, String> {
    let source = price("primary").await?;
    Ok(format!("{item} {source}"))
}

/// `.await` on a run once crashed the compiler here, and only when code was made: over a future with an associated type of an
/// argument that borrows.
#[tokio::test]
async fn a_map_awaits_a_function_with_fallback_values_that_borrow() {
    let prices = prices([1, 2]).await;
    let prices: Vec<_> = prices.into_iter().map(Result::unwrap).collect();
    assert_eq!(prices, ["1 primary", "2 primary"]);
}

#[opero]
fn fibonacci(n: u64) -> u64 {
    match n {
        0 | 1 => n,
        _ => fibonacci(n - 1) + fibonacci(n - 2),
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[opero]
async fn fibonacci_async(n: u64) -> u64 {
    let before = |by| -> Boxed<u64> { Box::pin(fibonacci_async(n - by)) };
    match n {
        0 | 1 => n,
        _ => before(1).await + before(2).await,
    }
}

#[test]
fn ninety_levels_fit_a_small_stack() {
    let small = thread::Builder::new().stack_size(2 << 20);
    let both = small.spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        (fibonacci(90), runtime.block_on(fibonacci_async(90)))
    });
    let expected = 2_880_067_194_370_816_120; // A000045
    assert_eq!(both.unwrap().join().unwrap(), (expected, expected));
}

#[opero(retries = 1)]
async fn is_even(n: u32) -> Result<bool, String> {
    match n {
        0 => Ok(true),
        _ => Box::pin(is_odd(n - 1)).await,
    }
}

#[opero(retries = 1)]
async fn is_odd(n: u32) -> Result<bool, String> {
    match n {
        0 => Ok(false),
        _ => Box::pin(is_even(n - 1)).await,
    }
}

#[tokio::test]
async fn functions_may_call_each_other_through_a_box() {
    assert_eq!(is_even(41).await, Ok(false));
}
