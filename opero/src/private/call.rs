//! Calls of decorated functions.

use std::future::Future;

use opero_core::{Error, Refused};

use super::Adapter;
use super::checks::{HoldsBackendRefusals, HoldsRefusals};
use super::operation::Own;
use super::recipe::{Callee, Failure, Return, Value};
use crate::route::{Places, Route};
use crate::shell::{Ending, SyncTarget};

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

/// What a decorated function returns.
pub(super) struct Lowered<A: Adapter>(pub(super) OnRefused<A::Return>);

impl<A: Adapter> Clone for Lowered<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Adapter> Copy for Lowered<A> {}

impl<A: Adapter> Ending<A::Value, A::Error> for Lowered<A> {
    type Output = A::Return;

    #[inline]
    fn value(self, value: A::Value) -> A::Return {
        A::known(value)
    }

    #[inline]
    fn result(self, result: Result<A::Value, Error<A::Error>>) -> Option<A::Return> {
        A::lower(result).map_or_else(self.0, Some)
    }
}

/// Calls an async function.
///
/// Not an `async fn`, nor a block in the decorated function: there, the compiler would have to know that the stages'
/// futures are `Send` for every lifetime of the arguments, which it cannot.
#[inline]
pub fn call<P>(
    recipe: P,
    on_refused: OnRefused<Return<P>>,
) -> impl Future<Output = Return<P>> + Send
where
    P: Callee<Item = (), Future: Send>,
    P::Route: Route<Value<P>, Failure<P>>,
    P::Places: Places<Value<P>, Failure<P>>,
{
    let ending = Lowered::<P::Adapter>(on_refused);
    P::Places::run(Own(recipe), (), None, ending)
}

/// Calls a synchronous function.
#[inline]
pub fn call_sync<P>(recipe: P, on_refused: OnRefused<Return<P>>) -> Return<P>
where
    P: Callee<Item = ()> + SyncTarget,
    P::Route: Route<Value<P>, Failure<P>>,
    P::Places: Places<Value<P>, Failure<P>>,
{
    let ending = Lowered::<P::Adapter>(on_refused);
    P::Places::run_sync(&recipe, &(), ending)
}
