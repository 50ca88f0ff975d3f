//! A decorated function with its arguments: everything a call needs, put together step by step so that every closure
//! knows the types of its arguments.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use opero_core::{Arguments, Attempt, Background, CodecError, Key, KeyHasher, Waiting};

use super::answers::Policy;
use super::bytes::{Bytes, encode_arguments};
use super::keys::{KeyOf, MakeKey, NoKey, ProbedKey, StableKey, WithBytes};
use super::operation::{AsyncBody, BlockingBody, BlockingCallee, Body, SyncBody};
use super::{Adapter, Answers, Encoded, Function, path};
use crate::fast_path::Permits;
use crate::route::{Cached, Uncached};

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
    pub fn cached<K, Out, In, C>(
        self,
        key: K,
        outside: Out,
        inside: In,
        answers: C,
    ) -> Recipe<A, S, I, B, KeyOf<K>, Cached, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
        C: Fn() -> Answers<S, I, A::Value, A::Error>,
    {
        Recipe::new(self, KeyOf(key), outside, inside, answers)
    }

    /// The calls are looked up under the arguments that `key` makes bytes of, for a store that outlives the process.
    #[inline]
    pub fn recorded<K, Out, In, C>(
        self,
        key: K,
        outside: Out,
        inside: In,
        answers: C,
    ) -> Recipe<A, S, I, B, StableKey<K>, Cached, Out, In, C>
    where
        K: Fn(&S, &I, &mut Vec<u8>) -> Result<(), CodecError> + Send + Sync,
        C: Fn() -> Answers<S, I, A::Value, A::Error>,
    {
        Recipe::new(self, StableKey(key), outside, inside, answers)
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
    ) -> Recipe<A, S, I, B, ProbedKey<K, P>, Cached, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
        P: Fn(&S, &I, &mut Vec<u8>) -> Encoded + Send + Sync,
        C: Fn() -> Answers<S, I, A::Value, A::Error>,
    {
        Recipe::new(self, ProbedKey { key, stable }, outside, inside, answers)
    }

    /// The calls are executed each time.
    #[inline]
    pub fn uncached<Out, In, C>(
        self,
        outside: Out,
        inside: In,
        answers: C,
    ) -> Recipe<A, S, I, B, NoKey, Uncached, Out, In, C>
    where
        C: Fn() -> Answers<S, I, A::Value, A::Error>,
    {
        Recipe::new(self, NoKey, outside, inside, answers)
    }
}

/// A function with its shared arguments, the user's own stages, and the answers to what stages ask.
pub struct Recipe<A, S, I, B, K, R, Out, In, C> {
    function: &'static Function,
    shared: S,
    body: B,
    key: K,
    places: (Out, In),
    /// Makes the answers: a closure without captures of any size.
    answers: C,
    types: PhantomData<fn() -> (A, I, R)>,
}

impl<A, S, I, B, K, R, Out, In, C> Recipe<A, S, I, B, K, R, Out, In, C> {
    #[inline]
    fn new(bodied: Bodied<A, S, I, B>, key: K, outside: Out, inside: In, answers: C) -> Self {
        Self {
            function: bodied.draft.function,
            shared: bodied.draft.shared,
            body: bodied.body,
            key,
            places: (outside, inside),
            answers,
            types: PhantomData,
        }
    }

    /// The same call with bytes for other processes: those of its `rate_key`, or of its arguments.
    #[inline]
    pub fn with_bytes(self) -> Recipe<A, S, I, B, WithBytes<K>, R, Out, In, C> {
        self.map_key(WithBytes)
    }

    /// The same with another key.
    #[inline]
    pub(super) fn map_key<L>(
        self,
        change: impl FnOnce(K) -> L,
    ) -> Recipe<A, S, I, B, L, R, Out, In, C> {
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
pub trait Callee: Send + Sync {
    /// What the function returns.
    type Adapter: Adapter;
    /// The arguments that all attempts share.
    type Shared;
    /// A map's item; `()` outside a map.
    type Item: Send + Sync;
    /// Through the cache, or past it.
    type Route;
    /// The places of the user's stages, outside and inside.
    type Places;
    /// How the body waits.
    const WAITING: Waiting;
    /// Is there something that identifies an item in a record?
    const RECORDS: bool;

    /// The function.
    fn function(&self) -> &'static Function;
    /// The user's stages.
    fn places(&self) -> &Self::Places;
    /// How values and errors are judged.
    fn policy(&self) -> Policy<Value<Self>, Failure<Self>>;
    /// `arguments`, where a stage may ask for more than numbers.
    fn whole<W: Arguments>(arguments: &W) -> Option<&dyn Arguments>;
    /// One execution of the function.
    type Future: Future<Output = Return<Self>>;
    /// Executes the function once.
    fn execute(&self, item: &Self::Item, attempt: Attempt) -> Self::Future;

    /// As [`Arguments::key`](opero_core::Arguments::key), and so on.
    fn key(&self, item: &Self::Item) -> Option<Key>;
    /// Its bytes, with the function's name.
    fn stable_key(&self, item: &Self::Item, out: &mut Vec<u8>) -> Encoded;
    /// What identifies an item in a record.
    fn record_key(&self, item: &Self::Item, out: &mut Vec<u8>) -> Encoded;
    /// The same call once more.
    fn in_background(&self, item: &Self::Item) -> Option<Background>;
    /// The number of fallback values.
    fn alternatives(&self) -> usize;
    /// The limiter's key.
    fn rate_key(&self, item: &Self::Item) -> Option<Key>;
    /// Its bytes.
    fn stable_rate_key(&self, item: &Self::Item, out: &mut Vec<u8>) -> Encoded;
    /// The permits of an execution.
    fn cost(&self, item: &Self::Item) -> u32;
    /// Cost and keys together.
    fn permits(&self, item: &Self::Item) -> Permits;
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
pub type CalleeBytes<P> = Bytes<<P as Callee>::Shared, <P as Callee>::Item, Value<P>, Failure<P>>;
/// The value of a callee.
pub type Value<P> = <<P as Callee>::Adapter as Adapter>::Value;
/// What a callee returns.
pub type Return<P> = <<P as Callee>::Adapter as Adapter>::Return;
/// The error of a callee.
pub type Failure<P> = <<P as Callee>::Adapter as Adapter>::Error;

impl<A, S, I, B, K, R, Out, In, C> Callee for Recipe<A, S, I, B, K, R, Out, In, C>
where
    A: Adapter,
    S: Send + Sync,
    I: Send + Sync,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I>,
    Out: Send + Sync,
    In: Send + Sync,
    C: Fn() -> Answers<S, I, A::Value, A::Error> + Send + Sync,
{
    type Adapter = A;
    type Shared = S;
    type Item = I;
    type Route = R;
    type Places = (Out, In);
    type Future = B::Future;
    const WAITING: Waiting = B::WAITING;
    const RECORDS: bool = K::RECORDS;

    #[inline]
    fn function(&self) -> &'static Function {
        self.function
    }

    fn places(&self) -> &(Out, In) {
        &self.places
    }

    #[inline]
    fn policy(&self) -> Policy<A::Value, A::Error> {
        (self.answers)().policy()
    }

    #[inline]
    fn whole<W: Arguments>(arguments: &W) -> Option<&dyn Arguments> {
        K::whole(arguments)
    }

    #[inline]
    fn execute(&self, item: &I, attempt: Attempt) -> B::Future {
        self.body.execute(&self.shared, item, attempt)
    }

    #[inline(always)]
    fn key(&self, item: &I) -> Option<Key> {
        self.key.make::<B>(&self.shared, item)
    }

    fn stable_key(&self, item: &I, out: &mut Vec<u8>) -> Encoded {
        let name = path::of_body(B::name(), self.function.name());
        self.key.make_stable(&name, &self.shared, item, out)
    }

    fn record_key(&self, item: &I, out: &mut Vec<u8>) -> Encoded {
        self.key.make_record(&self.shared, item, out)
    }

    fn in_background(&self, item: &I) -> Option<Background> {
        self.key.in_background(&self.shared, item)
    }

    #[inline]
    fn alternatives(&self) -> usize {
        match (self.answers)().alternatives {
            Some(count) => count(&self.shared),
            None => 1,
        }
    }

    #[inline]
    fn rate_key(&self, item: &I) -> Option<Key> {
        (self.answers)().rate_key.map(|key| key(&self.shared, item))
    }

    fn stable_rate_key(&self, item: &I, out: &mut Vec<u8>) -> Encoded {
        (self.answers)().stable_rate_key?(&self.shared, item, out)
    }

    #[inline]
    fn cost(&self, item: &I) -> u32 {
        match (self.answers)().rate_cost {
            Some(cost) => cost(&self.shared, item),
            None => 1,
        }
    }

    #[inline]
    fn permits(&self, item: &I) -> Permits {
        Permits {
            cost: self.cost(item),
            key: self.rate_key(item),
            is_keyed: (self.answers)().stable_rate_key.is_some(),
        }
    }

    fn encode(&self, item: &I, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let bytes = (self.answers)().bytes;
        encode_arguments(bytes, &self.shared, item, attempt, out)
    }

    fn bytes(&self) -> Option<CalleeBytes<Self>> {
        (self.answers)().bytes.map(|bytes| bytes())
    }
}

impl<A, S, I, F, K, R, Out, In, C> BlockingCallee for Recipe<A, S, I, SyncBody<F>, K, R, Out, In, C>
where
    Self: Callee<Adapter = A, Item = I>,
    A: Adapter,
    SyncBody<F>: BlockingBody<S, I, A::Return>,
{
    #[inline]
    fn execute_sync(&self, item: &I, attempt: Attempt) -> A::Return {
        self.body.execute_sync(&self.shared, item, attempt)
    }
}

/// Without the arguments: they may hold secrets.
impl<A, S, I, B, K, R, Out, In, C> fmt::Debug for Recipe<A, S, I, B, K, R, Out, In, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe")
            .field("function", &self.function.name())
            .finish_non_exhaustive()
    }
}
