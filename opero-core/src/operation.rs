use std::any::Any;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::{Codec, CodecError, Context, Error, Key, KeyHasher};

/// Which try of a call this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Attempt {
    /// 1 for the first try, 2 for the first retry.
    pub number: u32,
    /// Index into the list of fallback values; 0 is the preferred one.
    pub alternative: usize,
}

impl Attempt {
    /// The first try with the preferred value.
    pub const FIRST: Self = Self {
        number: 1,
        alternative: 0,
    };

    /// The same try with another fallback value.
    #[must_use]
    pub const fn with_alternative(self, alternative: usize) -> Self {
        Self {
            alternative,
            ..self
        }
    }

    /// The try after this one, from the preferred value on.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            number: self.number.saturating_add(1),
            alternative: 0,
        }
    }
}

/// An error on its way from one caller to others, its type erased: stages are not generic over error types.
pub type SharedError = Arc<dyn Any + Send + Sync>;

/// A call that goes on after its caller has left, with arguments of its own.
pub enum Background {
    /// Of an async function: to be spawned.
    Async(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// Of a synchronous function: for a thread that may be blocked.
    Blocking(Box<dyn FnOnce() + Send>),
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// One call of the user's function: it can be attempted again, and with another fallback value.
///
/// Only [`attempt`](Operation::attempt) is required. The other methods are what the call knows and the stages ask:
/// which cache entry it is, which of its errors are worth another try. Most users get theirs from [`operation`] or
/// from the `#[opero]` attribute.
pub trait Operation<T, E>: Send + Sync {
    /// Executes the function once.
    fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send;

    /// Identifies the call in a cache. `None`: this call is not cached. Asked for only where a cache is on.
    fn key(&self) -> Option<Key> {
        None
    }

    /// Appends to `out` what identifies the call in every process, its function and its arguments, for a cache that
    /// outlives this one. `None`: the arguments cannot be made bytes. Asked for only by such a cache, in place of
    /// [`key`](Operation::key).
    fn stable_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        let _ = out;
        None
    }

    /// How its values become bytes, for such a cache.
    fn codec(&self) -> Option<Codec<T>> {
        None
    }

    /// The same call once more, on its own: for a cache that serves a stale value and has it refreshed meanwhile. The call
    /// passes all stages again. `None`: the arguments are borrowed, and somebody has to wait for the fresh value.
    fn in_background(&self) -> Option<Background> {
        None
    }

    /// How many fallback values there are, the preferred one included. Zero is refused as an empty list.
    fn alternatives(&self) -> usize {
        1
    }

    /// Identifies the limiter that this call draws from. `None`: the one limiter of the stage.
    fn rate_key(&self) -> Option<Key> {
        None
    }

    /// Appends to `out` what [`rate_key`](Operation::rate_key) is made of, for a limiter that is shared with other processes.
    /// `None`: it cannot be made bytes.
    fn stable_rate_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        let _ = out;
        None
    }

    /// How many permits one execution takes.
    fn cost(&self) -> u32 {
        1
    }

    /// Is this error worth another attempt?
    fn retry_on(&self, error: &E) -> bool {
        let _ = error;
        true
    }

    /// How long the other side asked to wait, if this error says so.
    fn retry_after(&self, error: &E) -> Option<Duration> {
        let _ = error;
        None
    }

    /// Is this error worth the next fallback value?
    fn fallback_on(&self, error: &E) -> bool {
        let _ = error;
        true
    }

    /// Is this value worth keeping in the cache?
    fn cache_if(&self, value: &T) -> bool {
        let _ = value;
        true
    }

    /// A copy of `error` to hand to the callers that wait for this call in a single-flight; `None` where the error type
    /// cannot be copied. Each of them turns it back into an error with [`unshare_error`](Operation::unshare_error).
    fn share_error(&self, error: &Error<E>) -> Option<SharedError> {
        let _ = error;
        None
    }

    /// An error of its own for one caller, from what [`share_error`](Operation::share_error) returned to another.
    fn unshare_error(&self, shared: &SharedError) -> Option<Error<E>> {
        let _ = shared;
        None
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
        alternatives: 1,
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
    alternatives: usize,
    cost: u32,
}

/// The arguments of an operation that no cache can identify.
#[derive(Debug, Clone, Copy)]
pub struct Unkeyed;

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

/// What an operation with values of type `T` knows of its arguments.
pub trait Arguments<T>: Send + Sync {
    /// The arguments' key, where they have one.
    fn key<F>(&self) -> Option<Key>;

    /// The arguments as bytes, where they can be.
    fn stable_key<F>(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        let _ = out;
        None
    }

    /// The values as bytes, where they can be.
    fn codec(&self) -> Option<Codec<T>> {
        None
    }
}

impl<T> Arguments<T> for Unkeyed {
    fn key<F>(&self) -> Option<Key> {
        None
    }
}

impl<T, A: Hash + Sync + ?Sized> Arguments<T> for Keyed<'_, A> {
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
    /// [`Operation::stable_key`]).
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
            alternatives: self.alternatives,
            cost: self.cost,
        }
    }

    /// The number of fallback values that [`Attempt::alternative`] counts through.
    #[must_use]
    pub fn with_alternatives(mut self, alternatives: usize) -> Self {
        self.alternatives = alternatives;
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
        let mut bytes = Vec::new();
        let encoded = crate::stable::append(key, &mut bytes);
        self.stable_rate_key = Some(encoded.map(|()| bytes));
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
            .field("alternatives", &self.alternatives)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

impl<T, E, F, Fut, A> Operation<T, E> for FnOperation<F, A>
where
    F: Fn(Attempt) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    A: Arguments<T>,
{
    #[inline]
    async fn attempt(&self, _: &Context<'_>, attempt: Attempt) -> Result<T, Error<E>> {
        (self.function)(attempt).await.map_err(Error::from)
    }

    #[inline]
    fn key(&self) -> Option<Key> {
        self.args.key::<F>()
    }

    fn stable_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        self.args.stable_key::<F>(out)
    }

    fn codec(&self) -> Option<Codec<T>> {
        self.args.codec()
    }

    fn stable_rate_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        self.stable_rate_key.as_ref().map(|key| {
            out.extend_from_slice(key.as_ref().map_err(Clone::clone)?);
            Ok(())
        })
    }

    fn alternatives(&self) -> usize {
        self.alternatives
    }

    fn rate_key(&self) -> Option<Key> {
        self.rate_key
    }

    fn cost(&self) -> u32 {
        self.cost
    }
}

/// Writes every method of [`Operation`] but `attempt`, each asking the operation inside: a wrapper that leaves one out would
/// silently lose what the call knows. Without the types, `forward_operation!(self => self.0)`, it writes only those that
/// say what the call is (its keys, `in_background`, `alternatives`, `cost`), for a wrapper that judges errors and values itself.
///
/// ```
/// use opero_core::{Attempt, Context, Error, Operation, forward_operation};
///
/// /// Counts nothing, hides nothing.
/// struct Wrapped<N>(N);
///
/// impl<T: Send, E: Send, N: Operation<T, E>> Operation<T, E> for Wrapped<N> {
///     async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<T, Error<E>> {
///         self.0.attempt(cx, attempt).await
///     }
///     forward_operation!(T, E, self => self.0);
/// }
/// ```
#[macro_export]
macro_rules! forward_operation {
    ($this:ident => $inner:expr) => {
        #[inline]
        fn key(&$this) -> ::core::option::Option<$crate::Key> {
            $inner.key()
        }
        fn stable_key(
            &$this,
            out: &mut ::std::vec::Vec<u8>,
        ) -> ::core::option::Option<::core::result::Result<(), $crate::CodecError>> {
            $inner.stable_key(out)
        }
        fn in_background(&$this) -> ::core::option::Option<$crate::Background> {
            $inner.in_background()
        }
        #[inline]
        fn alternatives(&$this) -> usize {
            $inner.alternatives()
        }
        fn rate_key(&$this) -> ::core::option::Option<$crate::Key> {
            $inner.rate_key()
        }
        fn stable_rate_key(
            &$this,
            out: &mut ::std::vec::Vec<u8>,
        ) -> ::core::option::Option<::core::result::Result<(), $crate::CodecError>> {
            $inner.stable_rate_key(out)
        }
        fn cost(&$this) -> u32 {
            $inner.cost()
        }
    };
    ($T:ty, $E:ty, $this:ident => $inner:expr) => {
        $crate::forward_operation!($this => $inner);
        fn codec(&$this) -> ::core::option::Option<$crate::Codec<$T>> {
            $inner.codec()
        }
        fn retry_on(&$this, error: &$E) -> bool {
            $inner.retry_on(error)
        }
        fn retry_after(&$this, error: &$E) -> ::core::option::Option<::core::time::Duration> {
            $inner.retry_after(error)
        }
        fn fallback_on(&$this, error: &$E) -> bool {
            $inner.fallback_on(error)
        }
        fn cache_if(&$this, value: &$T) -> bool {
            $inner.cache_if(value)
        }
        fn share_error(
            &$this,
            error: &$crate::Error<$E>,
        ) -> ::core::option::Option<$crate::SharedError> {
            $inner.share_error(error)
        }
        fn unshare_error(
            &$this,
            shared: &$crate::SharedError,
        ) -> ::core::option::Option<$crate::Error<$E>> {
            $inner.unshare_error(shared)
        }
    };
}

#[deny(clippy::missing_trait_methods)]
impl<T, E, O: Operation<T, E>> Operation<T, E> for &O {
    #[inline]
    fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        (**self).attempt(cx, attempt)
    }
    forward_operation!(T, E, self => (**self));
}
