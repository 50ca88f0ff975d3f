//! Calls of decorated functions.

use std::future::Future;

use opero_core::{Error, Rejected};

use super::Adapter;
use super::checks::{HoldsBackendRejections, HoldsRejections};
use super::operation::Own;
use super::recipe::{Callee, Failure, Return, Value};
use crate::route::Places;
use crate::shell::{Ending, SentError, SentValue, SyncTarget};

/// What becomes of a rejection; `None` where none can occur.
pub type OnRejected<R> = fn(Rejected) -> Option<R>;

/// No stage of this function can reject a call.
pub const fn never_rejects<A: Adapter>(_: A) -> OnRejected<A::Return> {
    |_| None
}

/// A stage of this function can reject a call, and its return type can say so.
pub const fn rejects<A: HoldsRejections>(_: A) -> OnRejected<A::Return> {
    |rejected| Some(A::rejected(rejected))
}

/// A backend of this function may not open, and its return type can say so.
pub const fn rejects_by_backend<A: HoldsBackendRejections>(adapter: A) -> OnRejected<A::Return> {
    rejects(adapter)
}

/// What a decorated function returns.
#[derive(Debug)]
pub struct Lowered<A: Adapter> {
    /// What its type is to the pipeline.
    pub adapter: A,
    /// What becomes of a rejection.
    pub on_rejected: OnRejected<A::Return>,
}

// Not derived: that would ask for a return type that is `Copy`.
impl<A: Adapter> Clone for Lowered<A> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Adapter> Copy for Lowered<A> {}

impl<A: Adapter> Ending<A::Value, A::Error> for Lowered<A> {
    type Output = A::Return;
    const HOLDS_HISTORY: bool = A::HOLDS_HISTORY;

    #[inline]
    fn value(self, value: A::Value) -> A::Return {
        A::known(value)
    }

    #[inline]
    fn result(self, result: Result<A::Value, Error<A::Error>>) -> Option<A::Return> {
        match A::lower(result) {
            Ok(returned) => Some(returned),
            Err(rejected) => (self.on_rejected)(rejected),
        }
    }
}

/// Calls an async function that may have stages of the user's around it.
///
/// Not an `async fn`, nor a block in the decorated function: there, the compiler would have to know that the stages'
/// futures are `Send` for every lifetime of the arguments, which it cannot.
#[inline]
pub fn call_placed<P>(
    recipe: P,
    ending: Lowered<P::Adapter>,
) -> impl Future<Output = Return<P>> + Send
where
    P: Callee<Item = (), Future: Send, Value: SentValue, Error: SentError>,
    P::Places: Places<Value<P>, Failure<P>>,
{
    P::Places::run(Own(recipe), (), None, ending)
}

/// Calls a synchronous function that may have stages of the user's around it.
#[inline]
pub fn call_placed_sync<P>(recipe: &P, ending: Lowered<P::Adapter>) -> Return<P>
where
    P: Callee<Item = ()> + SyncTarget,
    P::Places: Places<Value<P>, Failure<P>>,
{
    P::Places::run_sync(recipe, &(), None, ending)
}
