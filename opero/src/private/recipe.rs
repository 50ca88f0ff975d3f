//! A decorated function with its arguments: everything a call needs, put together step by step so that every closure
//! knows the types of its arguments.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use opero_core::{
    Arguments, Attempt, Background, CodecError, ConfigError, Key, KeyBytes, KeyHasher, Limits,
    WaitMode,
};

use super::answers::{Answer, Policy};
use super::bytes::{Bytes, encode_arguments};
use super::instance::Instance;
use super::keys::{KeyOf, MakeKey, NoKey, ProbedKey, StableKey, WithBytes};
use super::operation::{AsyncBody, Body, SyncBody};
use super::{Adapter, Answers, Encoded, Function};
use crate::fast_path::Needs;
use crate::order::Stages;
use crate::rest::Known;
use crate::route::Placed;
use crate::shell::{AsyncTarget, Lookup, Routed, SyncTarget, Target, Whole};

/// The first step: the function, what it returns, its shared arguments, the type of its item, and its body.
#[derive(Debug)]
pub struct Bodied<A, S, I, B> {
    function: &'static Function,
    shared: S,
    body: B,
    types: PhantomData<fn() -> (A, I)>,
}

impl<A: Adapter, S, I, F> Bodied<A, S, I, AsyncBody<F>> {
    /// An async function that returns what `adapter` says, with arguments that all its attempts share.
    #[inline]
    pub fn asynchronous<Fut>(function: &'static Function, _: A, shared: S, body: F) -> Self
    where
        F: Fn(&S, &I, Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = A::Return> + Send,
    {
        Self {
            function,
            shared,
            body: AsyncBody(body),
            types: PhantomData,
        }
    }
}

impl<A: Adapter, S, I, F> Bodied<A, S, I, SyncBody<F>> {
    /// A synchronous function.
    #[inline]
    pub fn synchronous(function: &'static Function, _: A, shared: S, body: F) -> Self
    where
        F: Fn(&S, &I, Attempt) -> A::Return + Send + Sync,
    {
        Self {
            function,
            shared,
            body: SyncBody(body),
            types: PhantomData,
        }
    }
}

/// The recipe of what has a body, with its key. A macro and no function, which would be one more for each of the user's.
macro_rules! recipe {
    ($bodied:ident, $key:expr, $outside:ident, $inside:ident, $answers:ident) => {
        Recipe {
            function: $bodied.function,
            shared: $bodied.shared,
            body: $bodied.body,
            key: $key,
            places: ($outside, $inside),
            answers: $answers,
            types: PhantomData,
        }
    };
}

impl<A: Adapter, S, I, B> Bodied<A, S, I, B> {
    /// The calls are looked up under the arguments that `key` hashes.
    #[inline]
    pub fn cached<K, Out, In, C>(
        self,
        key: K,
        outside: Out,
        inside: In,
        answers: C,
    ) -> Recipe<A, S, I, B, KeyOf<K>, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
        C: Answer<S, I, A::Value, A::Error>,
    {
        recipe!(self, KeyOf(key), outside, inside, answers)
    }

    /// The calls are looked up under the arguments that `key` makes bytes of, for a store that outlives the process.
    #[inline]
    pub fn recorded<K, Out, In, C>(
        self,
        key: K,
        outside: Out,
        inside: In,
        answers: C,
    ) -> Recipe<A, S, I, B, StableKey<K>, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyBytes) -> Result<(), CodecError> + Send + Sync,
        C: Answer<S, I, A::Value, A::Error>,
    {
        recipe!(self, StableKey(key), outside, inside, answers)
    }

    /// The calls are looked up under the arguments that `key` hashes, or, where only a store that outlives the process shows
    /// to be behind the cache, that `stable` makes bytes of, if it can.
    #[inline]
    pub fn probed<K, P, Out, In, C>(
        self,
        key: K,
        stable: P,
        outside: Out,
        inside: In,
        answers: C,
    ) -> Recipe<A, S, I, B, ProbedKey<K, P>, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
        P: Fn(&S, &I, &mut KeyBytes) -> Encoded + Send + Sync,
        C: Answer<S, I, A::Value, A::Error>,
    {
        recipe!(self, ProbedKey { key, stable }, outside, inside, answers)
    }

    /// The calls are executed each time.
    #[inline]
    pub fn uncached<Out, In, C>(
        self,
        outside: Out,
        inside: In,
        answers: C,
    ) -> Recipe<A, S, I, B, NoKey, Out, In, C>
    where
        C: Answer<S, I, A::Value, A::Error>,
    {
        recipe!(self, NoKey, outside, inside, answers)
    }
}

/// A function with its shared arguments, the user's own stages, and the answers to what stages ask.
pub struct Recipe<A, S, I, B, K, Out, In, C> {
    function: &'static Function,
    shared: S,
    body: B,
    key: K,
    places: (Out, In),
    answers: C,
    types: PhantomData<fn() -> (A, I)>,
}

impl<A, S, I, B, K, Out, In, C> Recipe<A, S, I, B, K, Out, In, C> {
    /// The same call with all that a stage may ask for later: bytes for other processes, those of its `rate_key` or of its
    /// arguments; and the limiter and the cost of each fallback value.
    #[inline]
    pub fn with_bytes(self) -> Recipe<A, S, I, B, WithBytes<K>, Out, In, C> {
        self.map_key(WithBytes)
    }

    /// With answers to what stages ask, by a closure without captures of any size.
    #[inline]
    pub fn answering<D>(self, answers: D) -> Recipe<A, S, I, B, K, Out, In, D>
    where
        A: Adapter,
        D: Fn() -> Answers<S, I, A::Value, A::Error>,
    {
        Recipe {
            function: self.function,
            shared: self.shared,
            body: self.body,
            key: self.key,
            places: self.places,
            answers,
            types: PhantomData,
        }
    }

    /// The same with another key.
    #[inline]
    pub(super) fn map_key<L>(
        self,
        change: impl FnOnce(K) -> L,
    ) -> Recipe<A, S, I, B, L, Out, In, C> {
        Recipe {
            function: self.function,
            shared: self.shared,
            body: self.body,
            key: change(self.key),
            places: self.places,
            answers: self.answers,
            types: PhantomData,
        }
    }
}

/// A recipe, whatever it is made of.
pub trait Callee: AsyncTarget + Placed {
    /// What the function returns.
    type Adapter: Adapter<Value = Self::Value, Error = Self::Error, Return = Self::Returned>;
    /// The arguments that all attempts share.
    type Shared;
    /// How the body waits.
    const WAIT_MODE: WaitMode;
    /// Is there something that identifies an item in a record?
    const RECORDS: bool;

    /// The function.
    fn function(&self) -> &'static Function;
    /// Which instance of it this is.
    fn instance(&self) -> Instance;
    /// The bytes of the key, with the function's name.
    fn stable_key(&self, item: &Self::Item, out: &mut KeyBytes) -> Encoded;
    /// What identifies an item in a record.
    fn record_key(&self, item: &Self::Item, out: &mut KeyBytes) -> Encoded;
    /// The same call once more.
    fn in_background(&self, item: &Self::Item) -> Option<Background>;
    /// The bytes of the limiter's key.
    fn stable_rate_key(&self, item: &Self::Item, attempt: Attempt, out: &mut KeyBytes) -> Encoded;
    /// The bytes of the arguments.
    ///
    /// # Errors
    /// Where they have none.
    fn encode(
        &self,
        item: &Self::Item,
        attempt: Attempt,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError>;
    /// What of the function's calls becomes bytes.
    fn bytes(&self) -> Option<CalleeBytes<Self>>;
}

/// What of a callee's calls becomes bytes.
pub type CalleeBytes<P> = Bytes<<P as Callee>::Shared, <P as Target>::Item, Value<P>, Failure<P>>;
/// The value of a callee.
pub type Value<P> = <P as Target>::Value;
/// What a callee returns.
pub type Return<P> = <P as Target>::Returned;
/// The error of a callee.
pub type Failure<P> = <P as Target>::Error;

impl<A, S, I, B, K, Out, In, C> Target for Recipe<A, S, I, B, K, Out, In, C>
where
    A: Adapter,
    S: Send + Sync,
    I: Send + Sync,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I, Route: Lookup<A::Value>>,
    Out: Send + Sync,
    In: Send + Sync,
    C: Answer<S, I, A::Value, A::Error>,
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
        self.answers.policy()
    }

    #[inline]
    fn needs(&self, item: &I, attempt: Attempt) -> Needs {
        self.answers.needs(&self.shared, item, attempt)
    }
}

impl<A, S, I, B, K, Out, In, C> Routed for Recipe<A, S, I, B, K, Out, In, C>
where
    Self: Target<Item = I, Value = A::Value, Error = A::Error, Returned = A::Return>,
    A: Adapter,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I, Route: Lookup<A::Value>>,
    C: Answer<S, I, A::Value, A::Error>,
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

impl<A, S, I, B, K, Out, In, C> AsyncTarget for Recipe<A, S, I, B, K, Out, In, C>
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

impl<A, S, I, B, K, Out, In, C> Placed for Recipe<A, S, I, B, K, Out, In, C>
where
    Self: Routed,
{
    type Places = (Out, In);

    fn places(&self) -> &(Out, In) {
        &self.places
    }
}

impl<A, S, I, B, K, Out, In, C> Callee for Recipe<A, S, I, B, K, Out, In, C>
where
    Self: Routed<Item = I, Value = A::Value, Error = A::Error, Returned = A::Return>,
    A: Adapter,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I>,
    C: Answer<S, I, A::Value, A::Error>,
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
        self.answers
            .stable_rate_key(&self.shared, item, attempt, out)
    }

    fn encode(&self, item: &I, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        encode_arguments(self.answers.bytes(), &self.shared, item, attempt, out)
    }

    fn bytes(&self) -> Option<CalleeBytes<Self>> {
        self.answers.bytes().map(|bytes| bytes())
    }
}

impl<A, S, I, F, K, Out, In, C> SyncTarget for Recipe<A, S, I, SyncBody<F>, K, Out, In, C>
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
impl<A, S, I, B, K, Out, In, C> fmt::Debug for Recipe<A, S, I, B, K, Out, In, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe")
            .field("function", &self.function.name())
            .finish_non_exhaustive()
    }
}
