//! What is compiled for each function: the fast path, and how the rest of a call is handed to the stages.
//!
//! A call runs like this: look for a hit; else run the first attempt, in the shell's own frame; only if neither settles
//! it, the [`rest`](crate::rest) of the call goes through the stages.

use std::future::Future;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::task::{self, Poll};

use opero_core::{
    Arguments, Attempt, CallPolicy, ConfigError, Context, Entry, Error, Keeping, Key, Limits,
    RejectedKind, WaitMode,
};

use crate::fast_path::{First, Needs};
use crate::order::{CacheUse, Stages};
use crate::rest::{Boxed, Known, finish, run, typed};

/// A function with its arguments; in a map, all of them but the item. What is left of a call after its first attempt asks
/// it as a trait object, and is so compiled for each pair of types only.
pub trait Target: Send + Sync {
    /// A map's item; `()` outside a map.
    type Item: Send + Sync;
    /// The value that a cache keeps.
    type Value;
    /// The error that retry and fallback look at.
    type Error;
    /// What one execution returns.
    type Returned;
    /// How values and errors are judged.
    type Policy: CallPolicy<Self::Value, Self::Error>;

    /// The function's stages.
    ///
    /// # Errors
    /// Why they could not be built.
    fn stages(&self) -> Result<&Stages, &ConfigError>;

    /// How values and errors are judged.
    fn policy(&self) -> Self::Policy;

    /// The number of fallback values, and the permits of an attempt.
    fn needs(&self, item: &Self::Item, attempt: Attempt) -> Needs;
}

/// What of a function is known when its shell is compiled.
pub trait Routed: Target + Sized {
    /// Through the cache, or past it.
    type Route: Lookup<Self::Value>;
    /// What the rest of a call takes along. No method, which would be one more function for each of the user's.
    const KNOWN: Known<Self::Value, Self::Error, Self::Returned>;

    /// The call's key in a cache within the process.
    fn key(&self, item: &Self::Item) -> Option<Key>;

    /// All that the call knows of its arguments, where a stage may ask for more than numbers.
    fn arguments<'a>(whole: &'a Whole<'a, Self>) -> Option<&'a dyn Arguments>;
}

/// Makes a result of what a function returned.
pub(crate) type Lift<R, T, E> = fn(R) -> Result<T, Error<E>>;

/// A target with its item.
#[derive(Debug)]
pub struct Whole<'a, X: Target> {
    pub(crate) target: &'a X,
    pub(crate) item: &'a X::Item,
}

/// An async function with its arguments.
///
/// That its future is `Send` is asked of [`call`] and of no implementation: those are looked up again when code is made,
/// where the compiler sees through every `impl Future`, and follows functions that call each other in circles.
pub trait AsyncTarget: Routed {
    /// One execution.
    type Future: Future<Output = Self::Returned>;

    /// Executes the function once.
    fn execute(&self, item: &Self::Item, limits: Limits, attempt: Attempt) -> Self::Future;
}

/// A synchronous function with its arguments.
pub trait SyncTarget: Target {
    /// Executes the function once.
    fn execute_sync(&self, item: &Self::Item, attempt: Attempt) -> Self::Returned;
}

/// What a caller gets.
pub trait Ending<T, E>: Copy + Send + Sync {
    /// Its type.
    type Output;
    /// The errors of earlier attempts can be in it.
    const HOLDS_HISTORY: bool = true;

    /// For a value.
    fn value(self, value: T) -> Self::Output;

    /// For what a whole call came to; `None` where it is a rejection that the type cannot hold.
    fn result(self, result: Result<T, Error<E>>) -> Option<Self::Output>;
}

/// The pipeline's own result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plainly;

impl<T, E> Ending<T, E> for Plainly {
    type Output = Result<T, Error<E>>;

    #[inline]
    fn value(self, value: T) -> Self::Output {
        Ok(value)
    }

    #[inline]
    fn result(self, result: Result<T, Error<E>>) -> Option<Self::Output> {
        Some(result)
    }
}

/// Whether a call passes the cache.
pub trait Lookup<T> {
    /// What a call does about the cache.
    const CACHE: CacheUse;
    /// It passes by. A constant of its own, so that nothing is compiled for the other case.
    const IS_PAST: bool = matches!(Self::CACHE, CacheUse::Past);
    /// A copy of the value in an entry.
    fn take(entry: &Entry) -> Option<T>;
    /// How values go into entries and out.
    const KEEPING: Option<Keeping<T>>;
}

/// A result that the cache can keep and hand out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the result of a cached function, and the cache needs `Clone + Send + Sync + 'static` to keep it",
    label = "the cache cannot keep this result",
    note = "derive `Clone` (and hold no borrowed data), or switch the cache off with `cache = false`",
    note = "for a generic type add the bounds `Clone + Send + Sync + 'static`"
)]
pub trait CachedValue: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> CachedValue for T {}

/// A value that may leave the thread of its call: that of an async function, of a map, of a bound call, or of a call
/// through a stage of the user's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the result of a call that may move to another thread: it has to be `Send`",
    label = "this result is not `Send`",
    note = "return an `Arc` for an `Rc`; for a generic type add the bound `Send`",
    note = "only a synchronous function without `handle`, `outside` and `inside`, and outside a map, may return any type"
)]
pub trait SentValue: Send {}

#[diagnostic::do_not_recommend]
impl<T: Send> SentValue for T {}

/// An error that may leave the thread of its call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the error of a call that may move to another thread: it has to be `Send`",
    label = "the error in this is not `Send`",
    note = "return a `Box<dyn Error + Send + Sync>` for a `Box<dyn Error>`; for a generic type add the bound `Send`",
    note = "only a synchronous function without `handle`, `outside` and `inside`, and outside a map, may fail with any type"
)]
pub trait SentError: Send {}

#[diagnostic::do_not_recommend]
impl<E: Send> SentError for E {}

/// Through the cache.
#[derive(Debug, Clone, Copy)]
pub struct Cached;

impl<T: CachedValue> Lookup<T> for Cached {
    const CACHE: CacheUse = CacheUse::Through;
    const KEEPING: Option<Keeping<T>> = Some(Keeping::CLONE);

    #[inline]
    fn take(entry: &Entry) -> Option<T> {
        entry.value::<T>().cloned()
    }
}

/// Past the cache.
#[derive(Debug, Clone, Copy)]
pub struct Uncached;

impl<T> Lookup<T> for Uncached {
    const CACHE: CacheUse = CacheUse::Past;
    const KEEPING: Option<Keeping<T>> = None;

    #[inline]
    fn take(_: &Entry) -> Option<T> {
        None
    }
}

/// An async call of a target that it owns, or that a map's items share.
#[inline]
#[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
pub fn call<Q, D>(
    target: Q,
    item: <Q::Target as Target>::Item,
    cx: Option<&Context<'_>>,
    ending: D,
) -> impl Future<Output = D::Output> + Send
where
    Q: Deref<Target: AsyncTarget<Future: Send, Value: SentValue, Error: SentError>> + Send + Sync,
    D: Ending<<Q::Target as Target>::Value, <Q::Target as Target>::Error>,
{
    async move {
        let target = &*target;
        let mut begun = Begun::default();
        if <Q::Target as Routed>::Route::IS_PAST {
            begun.runs_here = cx.is_none() && starts_bare(target, &item);
        }
        if !begun.runs_here
            && let Some(output) = start(target, &item, cx, WaitMode::Async, ending, &mut begun)
        {
            return output;
        }
        let mut failed = None;
        if begun.runs_here {
            // Already here: a synchronous function runs when its future is made.
            let mark = First::mark(&begun.first);
            let running = pin!(target.execute(&item, Limits::NONE, Attempt::FIRST));
            drop(mark);
            let first = &mut begun.first;
            let returned = FirstAttempt { running, first }.await;
            match settle(returned, <Q::Target>::KNOWN.lift, &begun, ending) {
                Ok(output) => return output,
                Err(result) => failed = Some(result),
            }
        }
        let make =
            |limits, attempt| -> Boxed<'_, _> { Box::pin(target.execute(&item, limits, attempt)) };
        let whole = Whole {
            target,
            item: &item,
        };
        // Bound to a name: no temporary of this statement lives in the future.
        let arguments = <Q::Target>::arguments(&whole);
        let call = typed(
            target,
            &item,
            arguments,
            <Q::Target>::KNOWN,
            begun.key,
            &make,
        );
        let rest = run(call, cx, ending, failed, begun);
        rest.await
    }
}

/// A first attempt, in the shell's frame. Its output is `None` where its time was over.
struct FirstAttempt<'c, 's, Fut> {
    running: Pin<&'c mut Fut>,
    first: &'c mut Option<First<'s>>,
}

impl<Fut: Future> Future for FirstAttempt<'_, '_, Fut> {
    type Output = Option<Fut::Output>;

    fn poll(mut self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _mark = First::mark(this.first);
        match this.running.as_mut().poll(task) {
            Poll::Ready(returned) => Poll::Ready(Some(returned)),
            Poll::Pending if First::is_over(this.first, task) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A synchronous call. Its value and its error stay on this thread, and need not be `Send`.
#[cfg(feature = "macros")]
#[inline]
pub fn call_sync<X, D>(target: &X, item: &X::Item, ending: D) -> D::Output
where
    X: SyncTarget + Routed,
    D: Ending<X::Value, X::Error>,
{
    let mut begun = Begun::default();
    if X::Route::IS_PAST {
        begun.runs_here = starts_bare(target, item);
    }
    if !begun.runs_here
        && let Some(output) = start(target, item, None, WaitMode::Blocking, ending, &mut begun)
    {
        return output;
    }
    let mut returned = None;
    if begun.runs_here {
        let _mark = First::mark(&begun.first);
        returned = Some(target.execute_sync(item, Attempt::FIRST));
    }
    let whole = Whole { target, item };
    let arguments = X::arguments(&whole);
    finish(
        target,
        item,
        arguments,
        X::KNOWN,
        None,
        ending,
        returned,
        begun,
    )
}

/// [`call_sync`] with a context of the caller's. Not an argument there, which would be compiled for each decorated function.
pub(crate) fn call_sync_in<X, D>(
    target: &X,
    item: &X::Item,
    cx: Option<&Context<'_>>,
    ending: D,
) -> D::Output
where
    X: SyncTarget + Routed,
    D: Ending<X::Value, X::Error>,
{
    let mut begun = Begun::default();
    if let Some(output) = start(target, item, cx, WaitMode::Blocking, ending, &mut begun) {
        return output;
    }
    let mark = First::mark(&begun.first);
    let returned = begun
        .runs_here
        .then(|| target.execute_sync(item, Attempt::FIRST));
    drop(mark);
    let whole = Whole { target, item };
    let arguments = X::arguments(&whole);
    finish(
        target,
        item,
        arguments,
        X::KNOWN,
        cx,
        ending,
        returned,
        begun,
    )
}

/// How far a call has come before the stages go on with it.
#[derive(Debug, Default)]
pub(crate) struct Begun<'s> {
    /// The first attempt runs in the shell.
    pub(crate) runs_here: bool,
    /// What stands beside that attempt, where something does.
    pub(crate) first: Option<First<'s>>,
    /// The key of a call that passes the cache, and that no entry was found for.
    pub(crate) key: Option<Key>,
}

/// Starts the first attempt of a call past the cache that needs a permit at most. Two calls less than [`start`] takes.
#[inline]
fn starts_bare<X: Routed>(target: &X, item: &X::Item) -> bool {
    match target.stages() {
        Ok(stages) => stages.is_bare() && stages.admits(&target.needs(item, Attempt::FIRST)),
        Err(_) => false,
    }
}

/// Looks for a hit, and returns it; or else starts the first attempt, if the shell can run that. A function of its own: the
/// body of an async block is compiled wherever the block is used.
#[inline(never)]
fn start<'t, X, D>(
    target: &'t X,
    item: &X::Item,
    cx: Option<&Context<'_>>,
    waiting: WaitMode,
    ending: D,
    begun: &mut Begun<'t>,
) -> Option<D::Output>
where
    X: Routed,
    D: Ending<X::Value, X::Error>,
{
    let Ok(stages) = target.stages() else {
        return None;
    };
    if !X::Route::IS_PAST
        && stages.takes_keys()
        && let Some(key) = target.key(item)
    {
        let output = look::<X::Route, _, _, D>(stages, cx, waiting, key, ending);
        if output.is_some() {
            return output;
        }
        begun.key = Some(key);
    }
    let needs = &target.needs(item, Attempt::FIRST);
    begun.runs_here = stages.begin(
        cx,
        waiting,
        (X::Route::CACHE, begun.key),
        needs,
        &mut begun.first,
    );
    None
}

/// A hit, as the caller gets it. Compiled for each pair of types.
#[inline(never)]
fn look<L: Lookup<T>, T, E, D: Ending<T, E>>(
    stages: &Stages,
    cx: Option<&Context<'_>>,
    waiting: WaitMode,
    key: Key,
    ending: D,
) -> Option<D::Output> {
    let entry = stages.hit(cx, waiting, key)?;
    L::take(&entry).map(|value| ending.value(value))
}

/// What a first attempt came to: what the caller gets, or what the stages go on with. Compiled for each pair of types.
#[inline]
pub(crate) fn settle<T, E, R, D: Ending<T, E>>(
    returned: Option<R>,
    lift: Lift<R, T, E>,
    begun: &Begun<'_>,
    ending: D,
) -> Result<D::Output, Result<T, Error<E>>> {
    match returned.map(lift) {
        // One that passes the cache has still to be kept.
        Some(Ok(value)) if begun.key.is_none() => Ok(ending.value(value)),
        Some(result) => Err(result),
        None => Err(Err(begun.out_of_time())),
    }
}

impl Begun<'_> {
    #[cold]
    fn out_of_time<E>(&self) -> Error<E> {
        let rejected = self.first.as_ref().map(First::rejection);
        Error::rejected(rejected.unwrap_or_else(|| RejectedKind::Stopped.into()))
    }
}
