//! One call with its types forgotten: what opero's own mechanisms work on, so that they are compiled once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use crate::{CodecError, Context, Error, Key, KeyBytes, LocalCall, LocalOutcome, Outcome, Slot};

/// Which try of a call this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Attempt {
    /// 1 for the first try, 2 for the first retry.
    pub number: u32,
    /// Index into the list of fallback values; 0 is the preferred one.
    pub fallback_index: usize,
}

impl Attempt {
    /// The first try with the preferred value.
    pub const FIRST: Self = Self {
        number: 1,
        fallback_index: 0,
    };

    /// The same try with another fallback value.
    #[must_use]
    pub const fn with_fallback_index(self, fallback_index: usize) -> Self {
        Self {
            fallback_index,
            ..self
        }
    }

    /// The try after this one, from the preferred value on.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            number: self.number.saturating_add(1),
            fallback_index: 0,
        }
    }
}

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

/// What a call knows of its arguments: which cache entry it is, which limiter it draws from, what it costs.
///
/// Every method has a default, that of a call which knows nothing.
pub trait Arguments: Send + Sync {
    /// Identifies the call in a cache of this process. `None`: this call is not cached.
    fn key(&self) -> Option<Key> {
        None
    }

    /// Appends to `out` what identifies the call in every process, its function and its arguments, for a cache that
    /// outlives this one. `None`: the arguments cannot be made bytes. Asked for only by such a cache.
    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        let _ = out;
        None
    }

    /// The same call once more, on its own: for a cache that serves a stale value and has it refreshed meanwhile. The call
    /// passes all stages again. `None`: the arguments are borrowed, and a caller has to wait for the fresh value.
    fn in_background(&self) -> Option<Background> {
        None
    }

    /// How many fallback values there are, the preferred one included. Zero is rejected as an empty list.
    fn fallback_values(&self) -> usize {
        1
    }

    /// Identifies the limiter that an attempt draws from, which may depend on its fallback value. `None`: the one limiter of the
    /// stage. Also asked of a call without fallback values.
    fn rate_key(&self, attempt: Attempt) -> Option<Key> {
        let _ = attempt;
        None
    }

    /// Appends to `out` what [`rate_key`](Arguments::rate_key) is made of, for a limiter that is shared with other processes.
    /// `None`: it cannot be made bytes.
    fn stable_rate_key(
        &self,
        attempt: Attempt,
        out: &mut KeyBytes,
    ) -> Option<Result<(), CodecError>> {
        let _ = (attempt, out);
        None
    }

    /// How many permits an attempt takes.
    fn cost(&self, attempt: Attempt) -> u32 {
        let _ = attempt;
        1
    }

    /// Appends to `out` the arguments of one attempt, for a worker process.
    ///
    /// # Errors
    /// Where the function does not run in other processes, or an argument cannot be encoded.
    fn encode(&self, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let _ = (attempt, out);
        Err(CodecError::new("the function does not run in workers"))
    }
}

/// The arguments of a call that knows nothing of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unkeyed;

impl Arguments for Unkeyed {}

/// One call on its way through the mechanisms. At most one attempt of it is under way.
pub trait Call: Send {
    /// What it knows of its arguments.
    fn arguments(&self) -> &dyn Arguments;

    /// Begins an attempt, in place of one that is under way.
    fn start(&mut self, cx: &Context<'_>, attempt: Attempt);

    /// Drives the attempt. Once it is ready, the [`outcome`](Call::outcome) is what it came to.
    fn poll(&mut self, task: &mut task::Context<'_>) -> Poll<()>;

    /// Drops the attempt that is under way, if there is one.
    fn stop(&mut self);

    /// What the call has come to so far.
    fn outcome(&mut self) -> &mut dyn Outcome;
}

/// A call of an async function. Its attempts run in its caller's frame.
///
/// `M` makes the future of an attempt, and `L` makes the pipeline's result of what that future returns.
pub struct AsyncCall<'c, T, E, M, L, Fut> {
    arguments: &'c dyn Arguments,
    make: M,
    lift: L,
    running: Pin<&'c mut Option<Fut>>,
    attempt: Attempt,
    slot: Slot<'c, T, E>,
}

impl<'c, T, E, M, L, Fut> AsyncCall<'c, T, E, M, L, Fut>
where
    M: FnMut(&Context<'_>, Attempt) -> Fut,
    L: Fn(Fut::Output) -> Result<T, Error<E>>,
    Fut: Future,
{
    /// A call that has no attempt under way. `running` is the place for one; `slot` has what it came to so far.
    #[inline]
    pub fn new(
        arguments: &'c dyn Arguments,
        make: M,
        lift: L,
        running: Pin<&'c mut Option<Fut>>,
        slot: Slot<'c, T, E>,
    ) -> Self {
        Self {
            arguments,
            make,
            lift,
            running,
            attempt: Attempt::FIRST,
            slot,
        }
    }

    /// Takes out what the call came to.
    ///
    /// # Errors
    /// That of its last attempt, with the attempts before it.
    #[inline]
    pub fn take_result(&mut self) -> Result<T, Error<E>> {
        self.slot.take_result()
    }
}

impl<T, E, M, L, Fut> Call for AsyncCall<'_, T, E, M, L, Fut>
where
    T: Send,
    E: Send,
    M: FnMut(&Context<'_>, Attempt) -> Fut + Send,
    L: Fn(Fut::Output) -> Result<T, Error<E>> + Send,
    Fut: Future + Send,
{
    fn arguments(&self) -> &dyn Arguments {
        self.arguments
    }

    fn start(&mut self, cx: &Context<'_>, attempt: Attempt) {
        self.attempt = attempt;
        let future = (self.make)(cx, attempt);
        self.running.set(Some(future));
    }

    fn poll(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        let Some(future) = self.running.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let returned = task::ready!(future.poll(task));
        self.running.set(None);
        self.slot.put(self.attempt, (self.lift)(returned));
        Poll::Ready(())
    }

    fn stop(&mut self) {
        self.running.set(None);
    }

    fn outcome(&mut self) -> &mut dyn Outcome {
        &mut self.slot
    }
}

/// A call of a synchronous function: an attempt ends where it begins. It passes the mechanisms as a
/// [`ThreadBound`](crate::ThreadBound), so its values and errors need not be `Send`.
pub struct SyncCall<'c, T, E, M> {
    execute: M,
    slot: Slot<'c, T, E>,
}

impl<'c, T, E, M> SyncCall<'c, T, E, M>
where
    M: FnMut(Attempt) -> Result<T, Error<E>>,
{
    /// A call whose attempts are made by `execute`; `slot` has what it came to so far.
    #[inline]
    pub fn new(execute: M, slot: Slot<'c, T, E>) -> Self {
        Self { execute, slot }
    }

    /// Takes out what the call came to.
    ///
    /// # Errors
    /// That of its last attempt, with the attempts before it.
    #[inline]
    pub fn take_result(&mut self) -> Result<T, Error<E>> {
        self.slot.take_result()
    }
}

impl<T, E, M> LocalCall for SyncCall<'_, T, E, M>
where
    M: FnMut(Attempt) -> Result<T, Error<E>>,
{
    fn execute(&mut self, attempt: Attempt) {
        let result = (self.execute)(attempt);
        self.slot.put(attempt, result);
    }

    fn outcome(&self) -> &dyn LocalOutcome {
        &self.slot
    }

    fn outcome_mut(&mut self) -> &mut dyn LocalOutcome {
        &mut self.slot
    }
}

macro_rules! opaque_debug {
    ($($name:ident<$($parameter:ident),*>),*) => {$(
        /// Without the arguments: they may hold secrets.
        impl<$($parameter),*> fmt::Debug for $name<'_, $($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
opaque_debug!(AsyncCall<T, E, M, L, Fut>, SyncCall<T, E, M>);
