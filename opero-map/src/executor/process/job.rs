//! A function for worker processes, by hand: what `#[operomap]` does, for users of this crate
//! alone.

use std::fmt;

use opero_core::stable::{self, OutcomeCodec, append, read};
use opero_core::{CodecError, ConfigError, Context, Error, WaitMode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::MapConfig;
use crate::job::{Job, RemoteFunction, observe_execution};
use crate::run::Run;
use crate::source::IntoSource;

/// A synchronous function that worker processes know: see [`worker!`](crate::worker).
pub struct Worker<I, T, E> {
    path: &'static str,
    function: fn(I) -> Result<T, E>,
}

impl<I, T, E> Worker<I, T, E> {
    /// Creates a function with the path that it is registered under.
    #[doc(hidden)]
    pub const fn new(path: &'static str, function: fn(I) -> Result<T, E>) -> Self {
        Self { path, function }
    }
}

impl<I, T, E> Worker<I, T, E>
where
    I: DeserializeOwned,
    T: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned,
{
    /// Runs the function in a worker, from the bytes of an item to the bytes of its outcome.
    #[doc(hidden)]
    pub fn run_bytes(&self, item: &[u8], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let item = read(item)?;
        let outcome = (self.function)(item).map_err(Error::from);
        OutcomeCodec::postcard().encode(outcome.as_ref(), out)
    }
}

/// Maps a function over `items` in worker processes.
///
/// ```no_run
/// use opero_map::{map_worker, worker};
///
/// fn length(word: String) -> Result<usize, String> {
///     if word.is_empty() { Err("empty".into()) } else { Ok(word.len()) }
/// }
/// worker!(LENGTH = length: fn(String) -> Result<usize, String>);
///
/// fn main() {
///     opero_map::process::init();
///     let lengths = map_worker(["one".to_owned(), "three".to_owned()], &LENGTH).workers(2).try_run();
///     assert_eq!(lengths.unwrap(), [3, 5]);
/// }
/// ```
pub fn map_worker<C, I, T, E>(
    items: C,
    worker: &'static Worker<I, T, E>,
) -> Run<C::Source, &'static Worker<I, T, E>>
where
    C: IntoSource<I>,
    I: Serialize + DeserializeOwned + Send + Sync,
    T: Serialize + DeserializeOwned + Send,
    E: Serialize + DeserializeOwned + Send,
{
    let config = MapConfig {
        mode: Some("process".into()),
        ..MapConfig::default()
    };
    Run::new(worker.path, items.into_source(), worker, config)
}

impl<I, T, E> Job<I> for &'static Worker<I, T, E>
where
    I: Serialize + DeserializeOwned + Send + Sync,
    T: Serialize + DeserializeOwned + Send,
    E: Serialize + DeserializeOwned + Send,
{
    type Output = T;
    type Error = E;
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    fn remote(&self) -> Result<RemoteFunction, ConfigError> {
        Ok(RemoteFunction {
            path: self.path.to_owned(),
            waiting: WaitMode::Blocking,
        })
    }

    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        match cx.observed() {
            true => observe_execution(cx, execute(self, cx, item)).await,
            false => execute(self, cx, item).await,
        }
    }
}

async fn execute<I, T, E>(
    worker: &Worker<I, T, E>,
    cx: &Context<'_>,
    item: I,
) -> Result<T, Error<E>>
where
    I: Serialize + Sync + Send,
    T: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned,
{
    let Some(remote) = cx.remote() else {
        return (worker.function)(item).map_err(Error::from);
    };
    let mut arguments = remote.buffer();
    let arguments = append(&item, &mut arguments).map(|()| arguments);
    stable::execute(cx, remote, arguments, OutcomeCodec::postcard()).await
}

impl<I, T, E> fmt::Debug for Worker<I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&self.path).finish()
    }
}

/// Registers a synchronous function, so that [`map_worker`] can run it in worker processes. Items,
/// values and errors are `Serialize` and `DeserializeOwned`.
///
/// ```
/// use opero_map::worker;
///
/// fn square(n: u64) -> Result<u64, String> {
///     n.checked_mul(n).ok_or("too large".into())
/// }
/// worker!(pub SQUARE = square: fn(u64) -> Result<u64, String>);
/// ```
#[macro_export]
macro_rules! worker {
    ($vis:vis $name:ident = $function:path: fn($item:ty) -> Result<$value:ty, $error:ty $(,)?>) => {
        #[doc = "A function for worker processes."]
        $vis static $name: $crate::process::Worker<$item, $value, $error> =
            $crate::process::Worker::new(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                $function,
            );
        $crate::__inventory::submit! {
            $crate::process::WorkerFunction {
                path: || {
                    ::std::string::String::from(
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                    )
                },
                run: $crate::process::WorkerRun::Blocking(|item, out| $name.run_bytes(item, out)),
                init: ::core::option::Option::None,
            }
        }
    };
}
