//! Typed calls: what users' stages attempt, and closures that stages are used with by themselves.

use std::fmt;
use std::future::Future;
use std::hash::Hash;

use crate::outcome::DefaultPolicy;
use crate::{
    Arguments, Attempt, CallPolicy, Codec, CodecError, Context, Error, Key, KeyBytes, KeyHasher,
    Unkeyed,
};

/// One call of the user's function: it can be attempted again, and with another fallback value.
///
/// Only [`attempt`](Operation::attempt) is required. The other two are what the call knows and the stages ask: which cache
/// entry it is, which of its errors are worth another try. Most users get theirs from [`operation`] or from the `#[opero]`
/// attribute.
pub trait Operation<T, E>: Send + Sync {
    /// Executes the function once.
    fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send;

    /// What the call knows of its arguments.
    fn arguments(&self) -> &dyn Arguments {
        &Unkeyed
    }

    /// How its values and errors are judged.
    fn policy(&self) -> &dyn CallPolicy<T, E> {
        &DefaultPolicy
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T, E, O: Operation<T, E>> Operation<T, E> for &O {
    fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        (**self).attempt(cx, attempt)
    }

    fn arguments(&self) -> &dyn Arguments {
        (**self).arguments()
    }

    fn policy(&self) -> &dyn CallPolicy<T, E> {
        (**self).policy()
    }
}

/// An operation from an async closure, to be refined with the methods of [`FnOperation`].
///
/// ```
/// use opero_core::{Context, Attempt, Error, Operation, operation};
///
/// let prompt = String::from("hello");
/// let greet = operation(|_: Attempt| async { Ok::<_, Error<()>>(prompt.len()).map_err(|_| ()) }).keyed(&prompt);
/// let length = opero_core::block_on(greet.attempt(&Context::blocking(), Attempt::FIRST));
/// assert_eq!(length.unwrap(), 5);
/// ```
pub fn operation<F>(function: F) -> FnOperation<F, Unkeyed> {
    FnOperation {
        function,
        args: Unkeyed,
        rate_key: None,
        stable_rate_key: None,
        fallback_values: 1,
        cost: 1,
    }
}

/// An [`Operation`] made of a closure from [`Attempt`] to a future of a `Result`.
#[derive(Clone)]
pub struct FnOperation<F, A = Unkeyed> {
    function: F,
    args: A,
    rate_key: Option<Key>,
    stable_rate_key: Option<Result<Vec<u8>, CodecError>>,
    fallback_values: usize,
    cost: u32,
}

/// The arguments that identify an operation in a cache.
#[derive(Clone, Copy)]
pub struct Keyed<'a, A: ?Sized>(&'a A);

/// The arguments that identify an operation in a cache which outlives the process.
#[cfg(feature = "stable")]
#[derive(Clone, Copy)]
pub struct Stable<'a, A: ?Sized> {
    pub(crate) name: &'a str,
    pub(crate) args: &'a A,
}

/// Without the arguments: they may hold secrets.
impl<A: ?Sized> fmt::Debug for Keyed<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(…)")
    }
}

/// How the arguments of a closure of type `F` identify its call.
pub trait Identity: Send + Sync {
    /// The arguments' key, where they have one.
    fn key<F>(&self) -> Option<Key> {
        None
    }

    /// The arguments as bytes, where they can be.
    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        let _ = out;
        None
    }
}

/// How the values of a call that is identified so become bytes, where they can.
pub trait Encodes<T> {
    /// The codec.
    fn codec(&self) -> Option<Codec<T>> {
        None
    }
}

impl Identity for Unkeyed {}
impl<T> Encodes<T> for Unkeyed {}
impl<T, A: ?Sized> Encodes<T> for Keyed<'_, A> {}

impl<A: Hash + Sync + ?Sized> Identity for Keyed<'_, A> {
    fn key<F>(&self) -> Option<Key> {
        let mut hasher = KeyHasher::new::<F>();
        self.0.hash(&mut hasher);
        Some(hasher.key())
    }
}

impl<F, A> FnOperation<F, A> {
    /// Identifies the call by `args` and by the closure's own type: two closures in a program never share an entry.
    pub fn keyed<B: Hash + Sync + ?Sized>(self, args: &B) -> FnOperation<F, Keyed<'_, B>> {
        self.with_args(Keyed(args))
    }

    /// Identifies the call by `name` and by `args` as bytes: for a cache that outlives the process (see
    /// [`Arguments::stable_key`]).
    ///
    /// A closure has no name that another process could know it by, so `name` is what says which computation this is: two
    /// closures with the same name share their results on purpose, and a name stays as it is when code moves.
    #[cfg(feature = "stable")]
    pub fn stable<'a, B: serde::Serialize + Sync + ?Sized>(
        self,
        name: &'a str,
        args: &'a B,
    ) -> FnOperation<F, Stable<'a, B>> {
        self.with_args(Stable { name, args })
    }

    fn with_args<B>(self, args: B) -> FnOperation<F, B> {
        FnOperation {
            function: self.function,
            args,
            rate_key: self.rate_key,
            stable_rate_key: self.stable_rate_key,
            fallback_values: self.fallback_values,
            cost: self.cost,
        }
    }

    /// The number of fallback values that [`Attempt::fallback_index`] counts through.
    #[must_use]
    pub fn with_fallback_values(mut self, fallback_values: usize) -> Self {
        self.fallback_values = fallback_values;
        self
    }

    /// One limiter for each value of `key`.
    #[must_use]
    pub fn with_rate_key<K: Hash + ?Sized>(mut self, key: &K) -> Self {
        self.rate_key = Some(Key::of(key));
        self
    }

    /// One limiter for each value of `key`, the same one in every process that shares the limiter.
    #[cfg(feature = "stable")]
    #[must_use]
    pub fn with_stable_rate_key<K: Hash + serde::Serialize + ?Sized>(mut self, key: &K) -> Self {
        let mut bytes = KeyBytes::new();
        let encoded = crate::stable::append_key(key, &mut bytes);
        self.stable_rate_key = Some(encoded.map(|()| bytes.as_bytes().to_vec()));
        self.with_rate_key(key)
    }

    /// The permits that one execution takes.
    #[must_use]
    pub fn with_cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }
}

impl<F, A> fmt::Debug for FnOperation<F, A> {
    /// Without the arguments: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnOperation")
            .field("fallback_values", &self.fallback_values)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

impl<T, E, F, Fut, A> Operation<T, E> for FnOperation<F, A>
where
    F: Fn(Attempt) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    A: Identity + Encodes<T>,
{
    async fn attempt(&self, _: &Context<'_>, attempt: Attempt) -> Result<T, Error<E>> {
        (self.function)(attempt).await.map_err(Error::from)
    }

    fn arguments(&self) -> &dyn Arguments {
        self
    }

    fn policy(&self) -> &dyn CallPolicy<T, E> {
        self
    }
}

impl<F: Send + Sync, A: Identity> Arguments for FnOperation<F, A> {
    fn key(&self) -> Option<Key> {
        self.args.key::<F>()
    }

    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        self.args.stable_key(out)
    }

    fn fallback_values(&self) -> usize {
        self.fallback_values
    }

    fn rate_key(&self, _: Attempt) -> Option<Key> {
        self.rate_key
    }

    fn stable_rate_key(&self, _: Attempt, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        self.stable_rate_key.as_ref().map(|key| {
            out.push(key.as_ref().map_err(Clone::clone)?);
            Ok(())
        })
    }

    fn cost(&self, _: Attempt) -> u32 {
        self.cost
    }
}

impl<T, E, F: Send + Sync, A: Identity + Encodes<T>> CallPolicy<T, E> for FnOperation<F, A> {
    fn codec(&self) -> Option<Codec<T>> {
        self.args.codec()
    }
}
