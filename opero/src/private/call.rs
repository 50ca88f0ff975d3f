//! A built call, as the shell and the stages see it, and the functions that run it.

use std::fmt;
use std::future::Future;
use std::ops::Deref;

use opero_core::{
    Arguments, Attempt, Background, CodecError, ConfigError, Error, Key, KeyBytes, Limits,
    Rejected, WaitMode,
};

use super::adapter::Adapter;
use super::builder::{Body, CallBuilder, SyncBody};
use super::bytes::{Bytes, encode_arguments};
use super::checks::{HoldsBackendRejections, HoldsRejections};
use super::function::{Function, Instance};
use super::keys::{Encoded, MakeKey};
use super::policy::{MakePolicy, Policy};
use crate::fast_path::Needs;
use crate::order::Stages;
use crate::rest::Known;
use crate::route::{Placed, Places};
use crate::shell::{
    AsyncTarget, Ending, Lookup, Routed, SentError, SentValue, SyncTarget, Target, Whole,
};

/// What becomes of a rejection; `None` where none can occur.
pub type OnRejected<R> = fn(Rejected) -> Option<R>;

/// Returns the handler for a function whose stages cannot reject a call.
pub const fn never_rejects<A: Adapter>(_: A) -> OnRejected<A::Return> {
    |_| None
}

/// Returns the handler for a function whose stages can reject a call; its return type can hold the
/// rejection.
pub const fn rejects<A: HoldsRejections>(_: A) -> OnRejected<A::Return> {
    |rejected| Some(A::rejected(rejected))
}

/// Returns the handler for a function whose backend may not open; its return type can hold the
/// rejection.
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
/// Not an `async fn`, nor a block in the decorated function: there, the compiler would have to know
/// that the stages' futures are `Send` for every lifetime of the arguments, which it cannot.
#[inline]
pub fn call_with_stages<P>(
    builder: P,
    ending: Lowered<P::Adapter>,
) -> impl Future<Output = Return<P>> + Send
where
    P: Callee<Item = (), Future: Send, Value: SentValue, Error: SentError>,
    P::Places: Places<Value<P>, Failure<P>>,
{
    P::Places::run(Own(builder), (), None, ending)
}

/// Calls a synchronous function that may have stages of the user's around it.
#[inline]
pub fn call_with_stages_sync<P>(builder: &P, ending: Lowered<P::Adapter>) -> Return<P>
where
    P: Callee<Item = ()> + SyncTarget,
    P::Places: Places<Value<P>, Failure<P>>,
{
    P::Places::run_sync(builder, &(), None, ending)
}

/// A built call, for code that is not generic over its parts.
pub trait Callee: AsyncTarget + Placed {
    /// What the function returns.
    type Adapter: Adapter<Value = Self::Value, Error = Self::Error, Return = Self::Returned>;
    /// The arguments that all attempts share.
    type Shared;
    /// How the body waits.
    const WAIT_MODE: WaitMode;
    /// Whether something identifies an item in a record.
    const RECORDS: bool;

    /// Returns the function.
    fn function(&self) -> &'static Function;
    /// Returns the instance of a generic function.
    fn instance(&self) -> Instance;
    /// Appends the bytes of the key, with the function's name.
    fn stable_key(&self, item: &Self::Item, out: &mut KeyBytes) -> Encoded;
    /// Appends what identifies an item in a record.
    fn record_key(&self, item: &Self::Item, out: &mut KeyBytes) -> Encoded;
    /// Returns the same call for the background.
    fn in_background(&self, item: &Self::Item) -> Option<Background>;
    /// Appends the bytes of the limiter's key.
    fn stable_rate_key(&self, item: &Self::Item, attempt: Attempt, out: &mut KeyBytes) -> Encoded;
    /// Appends the bytes of the arguments.
    ///
    /// # Errors
    /// Where they have none.
    fn encode(
        &self,
        item: &Self::Item,
        attempt: Attempt,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError>;
    /// Returns how the function's calls become bytes.
    fn bytes(&self) -> Option<CalleeBytes<Self>>;
}

/// How a callee's calls become bytes.
pub type CalleeBytes<P> = Bytes<<P as Callee>::Shared, <P as Target>::Item, Value<P>, Failure<P>>;
/// The value of a callee.
pub type Value<P> = <P as Target>::Value;
/// What a callee returns.
pub type Return<P> = <P as Target>::Returned;
/// The error of a callee.
pub type Failure<P> = <P as Target>::Error;

impl<A, S, I, B, K, Out, In, C> Target for CallBuilder<A, S, I, B, K, Out, In, C>
where
    A: Adapter,
    S: Send + Sync,
    I: Send + Sync,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I, Route: Lookup<A::Value>>,
    Out: Send + Sync,
    In: Send + Sync,
    C: MakePolicy<S, I, A::Value, A::Error>,
{
    type Item = I;
    type Value = A::Value;
    type Error = A::Error;
    type Returned = A::Return;
    type Policy = Policy<A::Value, A::Error>;

    #[inline]
    fn stages(&self) -> Result<&Stages, &ConfigError> {
        self.function.stages()
    }

    #[inline]
    fn policy(&self) -> Policy<A::Value, A::Error> {
        self.policy.policy()
    }

    #[inline]
    fn needs(&self, item: &I, attempt: Attempt) -> Needs {
        self.policy.needs(&self.shared, item, attempt)
    }
}

impl<A, S, I, B, K, Out, In, C> Routed for CallBuilder<A, S, I, B, K, Out, In, C>
where
    Self: Target<Item = I, Value = A::Value, Error = A::Error, Returned = A::Return>,
    A: Adapter,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I, Route: Lookup<A::Value>>,
    C: MakePolicy<S, I, A::Value, A::Error>,
{
    type Route = K::Route;
    const KNOWN: Known<A::Value, A::Error, A::Return> = Known::by::<K::Route>(A::lift);

    // Always: a key that passes through memory in halves stalls the load of the whole.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn key(&self, item: &I) -> Option<Key> {
        self.key.make::<B>(&self.shared, item)
    }

    #[inline]
    fn arguments<'a>(whole: &'a Whole<'a, Self>) -> Option<&'a dyn Arguments> {
        K::arguments(whole)
    }
}

impl<A, S, I, B, K, Out, In, C> AsyncTarget for CallBuilder<A, S, I, B, K, Out, In, C>
where
    Self: Routed<Item = I, Returned = A::Return>,
    A: Adapter,
    B: Body<S, I, A::Return>,
{
    type Future = B::Future;

    #[inline]
    fn execute(&self, item: &I, _: Limits, attempt: Attempt) -> B::Future {
        self.body.execute(&self.shared, item, attempt)
    }
}

impl<A, S, I, B, K, Out, In, C> Placed for CallBuilder<A, S, I, B, K, Out, In, C>
where
    Self: Routed,
{
    type Places = (Out, In);

    fn places(&self) -> &(Out, In) {
        &self.places
    }
}

impl<A, S, I, B, K, Out, In, C> Callee for CallBuilder<A, S, I, B, K, Out, In, C>
where
    Self: Routed<Item = I, Value = A::Value, Error = A::Error, Returned = A::Return>,
    A: Adapter,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I>,
    C: MakePolicy<S, I, A::Value, A::Error>,
{
    type Adapter = A;
    type Shared = S;
    const WAIT_MODE: WaitMode = B::WAIT_MODE;
    const RECORDS: bool = K::RECORDS;

    #[inline]
    fn function(&self) -> &'static Function {
        self.function
    }

    fn instance(&self) -> Instance {
        Instance::of::<B>(self.function, B::name())
    }

    fn stable_key(&self, item: &I, out: &mut KeyBytes) -> Encoded {
        let instance = self.instance();
        self.key.make_stable(instance, &self.shared, item, out)
    }

    fn record_key(&self, item: &I, out: &mut KeyBytes) -> Encoded {
        self.key.make_record(&self.shared, item, out)
    }

    fn in_background(&self, item: &I) -> Option<Background> {
        self.key.in_background(&self.shared, item)
    }

    fn stable_rate_key(&self, item: &I, attempt: Attempt, out: &mut KeyBytes) -> Encoded {
        self.policy
            .stable_rate_key(&self.shared, item, attempt, out)
    }

    fn encode(&self, item: &I, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode_arguments(self.policy.bytes(), &self.shared, item, attempt, out)
    }

    fn bytes(&self) -> Option<CalleeBytes<Self>> {
        self.policy.bytes().map(|bytes| bytes())
    }
}

impl<A, S, I, F, K, Out, In, C> SyncTarget for CallBuilder<A, S, I, SyncBody<F>, K, Out, In, C>
where
    Self: Target<Item = I, Returned = A::Return>,
    A: Adapter,
    F: Fn(&S, &I, Attempt) -> A::Return + Send + Sync,
{
    #[inline]
    fn execute_sync(&self, item: &I, attempt: Attempt) -> A::Return {
        (self.body.0)(&self.shared, item, attempt)
    }
}

/// Without the arguments: they may hold secrets.
impl<A, S, I, B, K, Out, In, C> fmt::Debug for CallBuilder<A, S, I, B, K, Out, In, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBuilder")
            .field("function", &self.function.name())
            .finish_non_exhaustive()
    }
}

/// A built call that its run owns.
#[derive(Debug)]
pub struct Own<P>(
    /// The call.
    pub P,
);

impl<P> Deref for Own<P> {
    type Target = P;

    #[inline]
    fn deref(&self) -> &P {
        &self.0
    }
}

/// What only some calls are asked for. Its code is made for those alone: see
/// [`MakeKey::arguments`].
#[deny(clippy::missing_trait_methods)]
impl<P: Callee> Arguments for Whole<'_, P> {
    fn key(&self) -> Option<Key> {
        self.target.key(self.item)
    }

    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        self.target.stable_key(self.item, out)
    }

    fn in_background(&self) -> Option<Background> {
        self.target.in_background(self.item)
    }

    fn fallback_values(&self) -> usize {
        self.target.needs(self.item, Attempt::FIRST).fallback_values
    }

    fn rate_key(&self, attempt: Attempt) -> Option<Key> {
        self.target.needs(self.item, attempt).rate_key
    }

    fn stable_rate_key(
        &self,
        attempt: Attempt,
        out: &mut KeyBytes,
    ) -> Option<Result<(), CodecError>> {
        self.target.stable_rate_key(self.item, attempt, out)
    }

    fn cost(&self, attempt: Attempt) -> u32 {
        self.target.needs(self.item, attempt).cost
    }

    fn encode(&self, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.target.encode(self.item, attempt, out)
    }
}
