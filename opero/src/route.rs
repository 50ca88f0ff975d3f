//! The ways of a call: through the cache or past it, with stages of the user's around it or
//! without.

use std::future::Future;
use std::ops::Deref;

use opero_core::{Attempt, CallPolicy, Context, Error, Limits, WaitMode, block_on};

use crate::rest::{Boxed, Known, Make, TypedCall, typed};
use crate::shell::{
    self, AsyncTarget, Ending, Routed, SentError, SentValue, SyncTarget, Target, Whole,
};
use crate::staged::{Absent, Place, Present, staged};

/// A function with its arguments, and the places of stages around it.
pub trait Placed: Routed {
    /// A pair of places, outside and inside.
    type Places;

    /// The places.
    fn places(&self) -> &Self::Places;
}

/// Where stages of the user's stand: a pair of places, outside and inside. Without any, a call has
/// its fast path.
pub trait Places<T, E>: Sized + Send + Sync {
    #[doc(hidden)]
    fn run<Q, D>(
        target: Q,
        item: <Q::Target as Target>::Item,
        cx: Option<&Context<'_>>,
        ending: D,
    ) -> impl Future<Output = D::Output> + Send
    where
        Q: Deref<Target: AsyncTarget<Future: Send> + Placed<Places = Self>> + Send + Sync,
        Q::Target: Target<Value = T, Error = E>,
        T: Send,
        E: Send,
        D: Ending<T, E>;

    #[doc(hidden)]
    fn run_sync<X, D>(target: &X, item: &X::Item, cx: Option<&Context<'_>>, ending: D) -> D::Output
    where
        X: Placed<Places = Self, Value = T, Error = E> + SyncTarget,
        D: Ending<T, E>;
}

impl<T, E> Places<T, E> for (Absent, Absent) {
    #[inline]
    fn run<Q, D>(
        target: Q,
        item: <Q::Target as Target>::Item,
        cx: Option<&Context<'_>>,
        ending: D,
    ) -> impl Future<Output = D::Output> + Send
    where
        Q: Deref<Target: AsyncTarget<Future: Send> + Placed<Places = Self>> + Send + Sync,
        Q::Target: Target<Value = T, Error = E>,
        T: Send,
        E: Send,
        D: Ending<T, E>,
    {
        shell::call(target, item, cx, ending)
    }

    #[inline]
    fn run_sync<X, D>(target: &X, item: &X::Item, cx: Option<&Context<'_>>, ending: D) -> D::Output
    where
        X: Placed<Places = Self, Value = T, Error = E> + SyncTarget,
        D: Ending<T, E>,
    {
        shell::call_sync_in(target, item, cx, ending)
    }
}

macro_rules! with_stages {
    ($([$($generics:tt)*] ($outside:ty, $inside:ty);)*) => {$(
        impl<T: SentValue, E: SentError, $($generics)*> Places<T, E> for ($outside, $inside)
        where
            $outside: Place<T, E>,
            $inside: Place<T, E>,
        {
            async fn run<Q, D>(
                target: Q,
                item: <Q::Target as Target>::Item,
                cx: Option<&Context<'_>>,
                ending: D,
            ) -> D::Output
            where
                Q: Deref<Target: AsyncTarget<Future: Send> + Placed<Places = Self>> + Send + Sync,
                Q::Target: Target<Value = T, Error = E>,
                D: Ending<T, E>,
            {
                let make = |limits, attempt| -> Boxed<'_, _> {
                    Box::pin(target.execute(&item, limits, attempt))
                };
                let (target, item) = (&*target, &item);
                let whole = Whole { target, item };
                let known = <Q::Target>::KNOWN;
                run_staged(&whole, known, &make, cx, WaitMode::Async, ending).await
            }

            fn run_sync<X, D>(target: &X, item: &X::Item, cx: Option<&Context<'_>>, ending: D) -> D::Output
            where
                X: Placed<Places = Self, Value = T, Error = E> + SyncTarget,
                D: Ending<T, E>,
            {
                let make = |_, attempt| -> Boxed<'_, X::Returned> {
                    Box::pin(async move { target.execute_sync(item, attempt) })
                };
                let whole = Whole { target, item };
                let known = X::KNOWN;
                block_on(run_staged(&whole, known, &make, cx, WaitMode::Blocking, ending))
            }
        }
    )*};
}
with_stages! {
    [O, In] (Present<O>, In);
    [I] (Absent, Present<I>);
}

/// A call with stages of the user's, or one that has no fast path for another reason.
pub(crate) async fn run_staged<'f, T, E, X, Out, In, D>(
    whole: &'f Whole<'f, X>,
    known: Known<T, E, X::Returned>,
    make: &'f (dyn Make<Boxed<'f, X::Returned>> + 'f),
    cx: Option<&Context<'_>>,
    waiting: WaitMode,
    ending: D,
) -> D::Output
where
    X: Placed<Places = (Out, In), Value = T, Error = E>,
    Out: Place<T, E>,
    In: Place<T, E>,
    T: Send + 'f,
    E: Send + 'f,
    D: Ending<T, E>,
{
    let Whole { target, item } = *whole;
    let call = typed(
        target,
        item,
        X::arguments(whole),
        known,
        target.key(item),
        make,
    );
    let mut result = run_typed(call, target.places(), cx, waiting).await;
    loop {
        if let Some(output) = ending.result(result) {
            return output;
        }
        // As in `shell::run`.
        result = (X::KNOWN.lift)(make.make(Limits::NONE, Attempt::FIRST).await);
    }
}

async fn run_typed<'f, T, E, P, R, Out, In>(
    call: TypedCall<'f, T, E, P, R, Boxed<'f, R>>,
    (outside, inside): &(Out, In),
    cx: Option<&Context<'_>>,
    waiting: WaitMode,
) -> Result<T, Error<E>>
where
    T: Send,
    E: Send,
    P: CallPolicy<T, E>,
    Out: Place<T, E>,
    In: Place<T, E>,
{
    let stages = call
        .stages
        .map_err(|error| Error::rejected(error.clone()))?;
    let cx = stages.context_of(cx, waiting);
    staged(&call, outside, inside, &cx).await
}
