//! A decorated function with its arguments: everything a call needs, put together step by step so that every closure
//! knows the types of its arguments.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use opero_core::{
    Attempt, CodecError, Context, Error, KeyHasher, Operation, Refused, Waiting, block_on,
};

use super::checks::{CachedValue, HoldsBackendRefusals, HoldsRefusals};
use super::keys::{KeyOf, MakeKey, NoKey, ProbedKey, StableKey};
use super::operation::{AsyncBody, Body, Call, SyncBody};
use super::{Adapter, Answers, Encoded, Function};
use crate::Stages;
use crate::place::Place;
use crate::shortcut::Attempts;

/// The first steps: the function, what it returns, its shared arguments, and the type of its item.
#[derive(Debug)]
pub struct Draft<A, S, I = ()> {
    function: &'static Function,
    shared: S,
    types: PhantomData<fn() -> (A, I)>,
}

impl<A: Adapter, S, I> Draft<A, S, I> {
    /// A function that returns what `adapter` says, with arguments that all its attempts share.
    #[inline]
    pub fn new(function: &'static Function, _: A, shared: S) -> Self {
        Self {
            function,
            shared,
            types: PhantomData,
        }
    }

    /// Adds the body of an async function.
    #[inline]
    pub fn asynchronous<F, Fut>(self, body: F) -> Bodied<A, S, I, AsyncBody<F>>
    where
        F: Fn(&S, &I, Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = A::Return> + Send,
    {
        Bodied {
            draft: self,
            body: AsyncBody(body),
        }
    }

    /// Adds the body of a synchronous function.
    #[inline]
    pub fn synchronous<F>(self, body: F) -> Bodied<A, S, I, SyncBody<F>>
    where
        F: Fn(&S, &I, Attempt) -> A::Return + Send + Sync,
    {
        Bodied {
            draft: self,
            body: SyncBody(body),
        }
    }
}

/// A draft with its body.
#[derive(Debug)]
pub struct Bodied<A, S, I, B> {
    draft: Draft<A, S, I>,
    body: B,
}

impl<A: Adapter, S, I, B> Bodied<A, S, I, B> {
    /// The calls are looked up under the arguments that `key` hashes.
    #[inline]
    pub fn cached<K, Out, In>(
        self,
        key: K,
        outside: Out,
        inside: In,
        answers: Answers<S, I, A::Value, A::Error>,
    ) -> Recipe<A, S, I, B, KeyOf<K>, Cached, Out, In>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
    {
        Recipe::new(self, KeyOf(key), Cached, outside, inside, answers)
    }

    /// The calls are looked up under the arguments that `key` makes bytes of, for a store that outlives the process.
    #[inline]
    pub fn recorded<K, Out, In>(
        self,
        key: K,
        outside: Out,
        inside: In,
        answers: Answers<S, I, A::Value, A::Error>,
    ) -> Recipe<A, S, I, B, StableKey<K>, Cached, Out, In>
    where
        K: Fn(&S, &I, &mut Vec<u8>) -> Result<(), CodecError> + Send + Sync,
    {
        Recipe::new(self, StableKey(key), Cached, outside, inside, answers)
    }

    /// The calls are looked up under the arguments that `key` hashes, or, where only a store that outlives the process shows
    /// to be behind the cache, that `stable` makes bytes of, if it can.
    #[inline]
    pub fn probed<K, P, Out, In>(
        self,
        key: K,
        stable: P,
        outside: Out,
        inside: In,
        answers: Answers<S, I, A::Value, A::Error>,
    ) -> Recipe<A, S, I, B, ProbedKey<K, P>, Cached, Out, In>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
        P: Fn(&S, &I, &mut Vec<u8>) -> Encoded + Send + Sync,
    {
        let key = ProbedKey { key, stable };
        Recipe::new(self, key, Cached, outside, inside, answers)
    }

    /// The calls are executed each time.
    #[inline]
    pub fn uncached<Out, In>(
        self,
        outside: Out,
        inside: In,
        answers: Answers<S, I, A::Value, A::Error>,
    ) -> Recipe<A, S, I, B, NoKey, Uncached, Out, In> {
        Recipe::new(self, NoKey, Uncached, outside, inside, answers)
    }
}

/// A function with its shared arguments, the user's own stages, and the answers to what stages ask.
pub struct Recipe<A: Adapter, S, I, B, K, R, Out, In> {
    pub(super) function: &'static Function,
    pub(super) shared: S,
    pub(super) body: B,
    pub(super) key: K,
    pub(super) markers: PhantomData<fn() -> (A, R)>,
    pub(super) outside: Out,
    pub(super) inside: In,
    pub(super) answers: Answers<S, I, A::Value, A::Error>,
}

impl<A: Adapter, S, I, B, K, R, Out, In> Recipe<A, S, I, B, K, R, Out, In> {
    #[inline]
    fn new(
        bodied: Bodied<A, S, I, B>,
        key: K,
        _: R,
        outside: Out,
        inside: In,
        answers: Answers<S, I, A::Value, A::Error>,
    ) -> Self {
        Self {
            function: bodied.draft.function,
            shared: bodied.draft.shared,
            body: bodied.body,
            key,
            markers: PhantomData,
            outside,
            inside,
            answers,
        }
    }

    /// The same with another key.
    #[inline]
    pub(super) fn map_key<L>(
        self,
        change: impl FnOnce(K) -> L,
    ) -> Recipe<A, S, I, B, L, R, Out, In> {
        Recipe {
            function: self.function,
            shared: self.shared,
            body: self.body,
            key: change(self.key),
            markers: PhantomData,
            outside: self.outside,
            inside: self.inside,
            answers: self.answers,
        }
    }
}

/// Which stages a call passes: cached calls demand more of the value.
pub trait Route<T, E>: Send + Sync {
    /// Does nothing stand before the attempts?
    const AT_ONCE: bool;

    /// The result, where the cache has it in memory: the whole of a hit, without a future.
    fn known<Out: Place<T, E>, N: Operation<T, E>>(
        stages: &Stages,
        outside: &Out,
        cx: &Context<'_>,
        operation: &N,
    ) -> Option<T> {
        let _ = (stages, outside, cx, operation);
        None
    }

    /// Passes `operation` through the stages.
    fn pass<Out: Place<T, E>, In: Place<T, E>, N: Operation<T, E>>(
        stages: &Stages,
        outside: &Out,
        attempts: &Attempts<'_, In>,
        cx: &Context<'_>,
        operation: &N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send;
}

/// Through the cache.
#[derive(Debug, Clone, Copy)]
pub struct Cached;

impl<T: CachedValue, E: Send> Route<T, E> for Cached {
    const AT_ONCE: bool = false;

    #[inline(always)]
    fn known<Out: Place<T, E>, N: Operation<T, E>>(
        stages: &Stages,
        outside: &Out,
        cx: &Context<'_>,
        operation: &N,
    ) -> Option<T> {
        stages.known(cx, outside, operation)
    }

    #[inline]
    fn pass<Out: Place<T, E>, In: Place<T, E>, N: Operation<T, E>>(
        stages: &Stages,
        outside: &Out,
        attempts: &Attempts<'_, In>,
        cx: &Context<'_>,
        operation: &N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        // Boxed: a hit comes by without this future, and should not carry room for it.
        Box::pin(stages.cached(outside, attempts, cx, operation))
    }
}

/// Past the cache.
#[derive(Debug, Clone, Copy)]
pub struct Uncached;

impl<T: Send, E: Send> Route<T, E> for Uncached {
    const AT_ONCE: bool = true;

    #[inline]
    fn pass<Out: Place<T, E>, In: Place<T, E>, N: Operation<T, E>>(
        stages: &Stages,
        outside: &Out,
        attempts: &Attempts<'_, In>,
        cx: &Context<'_>,
        operation: &N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        stages.uncached(outside, attempts, cx, operation)
    }
}

/// What becomes of a refusal; `None` where none can occur.
pub type OnRefused<R> = fn(Refused) -> Option<R>;

/// No stage of this function can refuse a call.
pub const fn never_refuses<A: Adapter>(_: A) -> OnRefused<A::Return> {
    |_| None
}

/// A stage of this function can refuse a call, and its return type can say so.
pub const fn refuses<A: HoldsRefusals>(_: A) -> OnRefused<A::Return> {
    |refused| Some(A::refused(refused))
}

/// A backend of this function may not open, and its return type can say so.
pub const fn refuses_by_backend<A: HoldsBackendRefusals>(adapter: A) -> OnRefused<A::Return> {
    refuses(adapter)
}

/// Calls an async function.
///
/// Not an `async fn`, nor a block in the decorated function: there, the compiler would have to know that the stages'
/// futures are `Send` for every lifetime of the arguments, which it cannot.
#[inline]
pub fn call<A, S, B, K, R, Out, In>(
    recipe: Recipe<A, S, (), B, K, R, Out, In>,
    on_refused: OnRefused<A::Return>,
) -> impl Future<Output = A::Return> + Send
where
    A: Adapter,
    A::Value: Send,
    A::Error: Send,
    S: Send + Sync,
    B: Body<S, (), A::Return>,
    K: MakeKey<S, ()>,
    R: Route<A::Value, A::Error>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    drive(recipe, Waiting::Async, on_refused)
}

/// Passes one call of `$recipe` through the function's stages, within the caller's own future: a future between this one
/// and the function's costs as much as a lock.
macro_rules! through {
    ($recipe:expr, $stages:expr, $cx:expr, $item:expr, $look:expr) => {{
        let (recipe, stages, cx, item) = ($recipe, $stages, $cx, $item);
        let call = Call { recipe, item };
        let known = match $look {
            true => R::known(stages, &recipe.outside, cx, &call),
            false => None,
        };
        let attempts = stages.attempts(&recipe.inside);
        if let Some(value) = known {
            Ok(value)
        } else if R::AT_ONCE
            && cx.remote().is_none()
            && recipe.outside.is_transparent()
            && attempts.may_start_bare(cx, &call)
        {
            match A::lift(
                recipe
                    .body
                    .execute(&recipe.shared, item, Attempt::FIRST)
                    .await,
            ) {
                Ok(value) => Ok(value),
                Err(error) => attempts.resume(cx, Attempt::FIRST, &call, error).await,
            }
        } else {
            R::pass(stages, &recipe.outside, &attempts, cx, &call).await
        }
    }};
}

#[cfg(feature = "map")]
pub(super) use through;

/// One call, as one future: what it needs on its way lives here, and nothing in between only hands on.
#[inline]
#[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
fn drive<A, S, B, K, R, Out, In>(
    recipe: Recipe<A, S, (), B, K, R, Out, In>,
    waiting: Waiting,
    on_refused: OnRefused<A::Return>,
) -> impl Future<Output = A::Return> + Send
where
    A: Adapter,
    A::Value: Send,
    A::Error: Send,
    S: Send + Sync,
    B: Body<S, (), A::Return>,
    K: MakeKey<S, ()>,
    R: Route<A::Value, A::Error>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    async move {
        let result = match recipe.function.stages() {
            Ok(stages) => {
                let cx = stages.context(waiting);
                // A synchronous call has looked before it made this future.
                through!(&recipe, stages, &cx, &(), waiting == Waiting::Async)
            }
            Err(error) => Err(Error::refused(error.clone())),
        };
        if let Some(returned) = recipe.returned(result, on_refused) {
            return returned;
        }
        recipe.bare().await
    }
}

/// Calls a synchronous function.
#[inline]
pub fn call_sync<A, S, B, K, R, Out, In>(
    recipe: Recipe<A, S, (), B, K, R, Out, In>,
    on_refused: OnRefused<A::Return>,
) -> A::Return
where
    A: Adapter,
    A::Value: Send,
    A::Error: Send,
    S: Send + Sync,
    B: Body<S, (), A::Return>,
    K: MakeKey<S, ()>,
    R: Route<A::Value, A::Error>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    match recipe.known() {
        Some(returned) => returned,
        None => block_on(drive(recipe, Waiting::Blocking, on_refused)),
    }
}

impl<A, S, B, K, R, Out, In> Recipe<A, S, (), B, K, R, Out, In>
where
    A: Adapter,
    A::Value: Send,
    A::Error: Send,
    S: Send + Sync,
    B: Body<S, (), A::Return>,
    K: MakeKey<S, ()>,
    R: Route<A::Value, A::Error>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    /// What the cache has in memory, before any future is made: for synchronous calls, which then make none.
    #[inline(always)]
    fn known(&self) -> Option<A::Return> {
        let stages = self.function.stages().ok()?;
        let call = Call {
            recipe: self,
            item: &(),
        };
        let cx = stages.context(Waiting::Blocking);
        R::known(stages, &self.outside, &cx, &call).map(A::known)
    }

    /// What the caller gets; `None` where it is a refusal that cannot be said.
    #[inline]
    pub(super) fn returned(
        &self,
        result: Result<A::Value, Error<A::Error>>,
        on_refused: OnRefused<A::Return>,
    ) -> Option<A::Return> {
        A::lower(result).map_or_else(on_refused, Some)
    }

    /// The function's own answer, past all stages: where none of them can refuse, it is the honest way out of a refusal
    /// that no return type could hold. Nobody comes here, so no call pays for it with a larger future.
    #[cold]
    pub(super) fn bare(&self) -> Pin<Box<dyn Future<Output = A::Return> + Send + '_>> {
        Box::pin(self.body.execute(&self.shared, &(), Attempt::FIRST))
    }
}

/// Without the arguments: they may hold secrets.
impl<A: Adapter, S, I, B, K, R, Out, In> fmt::Debug for Recipe<A, S, I, B, K, R, Out, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe")
            .field("function", &self.function.name())
            .finish_non_exhaustive()
    }
}
