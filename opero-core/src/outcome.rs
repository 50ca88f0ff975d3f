//! What the attempts of a call came to: typed inside, a trait object outside. One instance for each pair of types that
//! functions return, and not for each function.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Attempt, Cause, Codec, CodecError, Entry, Error, History, Holds, Instant, Rejected};

/// An error on its way from one caller to others, its type erased.
pub type SharedError = Arc<dyn Any + Send + Sync>;

/// How a call's values and errors are judged: which errors are worth another attempt, which values are worth keeping.
///
/// Every method has a default, that of a call without opinions: every error is tried again, every value is kept, and
/// nothing becomes bytes.
pub trait CallPolicy<T, E>: Send + Sync {
    /// Returns `true` if this error is worth another attempt. Asked only where another attempt may follow.
    fn retry_on(&self, error: &E) -> bool {
        let _ = error;
        true
    }

    /// How long the other side asked to wait, if this error says so.
    fn retry_after(&self, error: &E) -> Option<Duration> {
        let _ = error;
        None
    }

    /// Returns `true` if this error is worth the next fallback value. Asked only where there is one.
    fn fallback_on(&self, error: &E) -> bool {
        let _ = error;
        true
    }

    /// How a rejection looks to the three methods above, which so decide on an attempt's timeout, on the rejection of a user's stage
    /// and on a crash as well. `None`: they are not asked, and what [may pass](Rejected::is_transient) is tried again.
    fn as_error(&self, rejected: &Rejected) -> Option<E> {
        let _ = rejected;
        None
    }

    /// Returns `true` if this value is worth keeping in the cache.
    fn cache_if(&self, value: &T) -> bool {
        let _ = value;
        true
    }

    /// How values become bytes, for a cache that outlives the process.
    fn codec(&self) -> Option<Codec<T>> {
        None
    }

    /// A copy of `error` to hand to the callers that wait for this call in a single-flight; `None` where the error type
    /// cannot be copied. Each of them turns it back into an error with [`unshare_error`](CallPolicy::unshare_error).
    fn share_error(&self, error: &Error<E>) -> Option<SharedError> {
        let _ = error;
        None
    }

    /// An error of its own for one caller, from what [`share_error`](CallPolicy::share_error) returned to another.
    fn unshare_error(&self, shared: &SharedError) -> Option<Error<E>> {
        let _ = shared;
        None
    }

    /// What a worker process sent back, from its bytes.
    ///
    /// # Errors
    /// Where the function does not run in other processes, or the bytes are not those of an outcome.
    fn decode_outcome(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        let _ = bytes;
        Err(CodecError::new("the function does not run in workers"))
    }
}

/// The policy of a call without opinions.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultPolicy;

impl<T, E> CallPolicy<T, E> for DefaultPolicy {}

/// How a value goes into an [`Entry`] and out of it: only what is `Clone + Send + Sync + 'static` can.
pub struct Keeping<T> {
    keep: fn(&T, Option<Instant>) -> Entry,
    take: fn(&Entry) -> Option<T>,
}

impl<T: Clone + Send + Sync + 'static> Keeping<T> {
    /// By cloning it.
    pub const CLONE: Self = Self {
        keep: |value, expires| Entry::new(value.clone(), expires),
        take: |entry| entry.value::<T>().cloned(),
    };
}

impl<T> Clone for Keeping<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Keeping<T> {}

impl<T> fmt::Debug for Keeping<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeping")
    }
}

/// What a call has come to so far, as mechanisms see it: a value, an error, or nothing yet.
pub trait Outcome: LocalOutcome + Send {}

impl<O: LocalOutcome + Send + ?Sized> Outcome for O {}

/// The methods of an [`Outcome`], also of one that stays on its thread because its types are not `Send`.
pub trait LocalOutcome {
    /// Returns `true` if it is a value.
    fn is_ok(&self) -> bool;
    /// The rejection that the last attempt ended with, if it was that.
    fn rejection(&self) -> Option<&Rejected>;
    /// The attempt that ended last.
    fn last_attempt(&self) -> Attempt;

    /// How many attempts of the last round failed: of those with one [number](Attempt::number), each with a fallback value of
    /// its own. The last one is included.
    fn failures(&mut self) -> usize;
    /// The attempt that a failure of the last round ended; they count from 0.
    fn failed(&self, failure: usize) -> Attempt;
    /// Returns `true` if a failure of the last round is worth another attempt.
    fn retry_on(&self, failure: usize) -> bool;
    /// How long the other side asked to wait, as a failure of the last round says.
    fn retry_after(&self, failure: usize) -> Option<Duration>;
    /// Returns `true` if the last failure is worth the next fallback value.
    fn fallback_on(&self) -> bool;
    /// The fallback values that are not to be attempted yet.
    fn holds(&mut self) -> &mut Holds;

    /// Ends an attempt with a rejection.
    fn reject(&mut self, attempt: Attempt, rejected: Rejected);
    /// Adds the error to the earlier ones, because another attempt follows.
    fn set_aside(&mut self);
    /// Drops the last error: the one before it is the call's, with those before that. Returns `false`, and keeps it, where it is
    /// the only one.
    fn drop_last(&mut self) -> bool;

    /// Returns `true` if it is a value that is worth keeping.
    fn is_worth_keeping(&self) -> bool;
    /// A copy of the value that expires at `expires`; `None` where there is no value, or its type cannot be kept.
    fn entry(&self, expires: Option<Instant>) -> Option<Entry>;
    /// Takes a copy of what is in an entry as the call's value. Returns `false` where that is of another type.
    fn take(&mut self, entry: &Entry) -> bool;

    /// The name of the value's type, where values become bytes.
    fn codec_type(&self) -> Option<&'static str>;
    /// The schema fingerprint of that type; 0 where there is none.
    fn schema(&self) -> u64;
    /// Appends the bytes of the value.
    ///
    /// # Errors
    /// Where there is no value, or it does not become bytes.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;
    /// Takes what these bytes hold as the call's value.
    ///
    /// # Errors
    /// Where they are not those of a value.
    fn decode(&mut self, bytes: &[u8]) -> Result<(), CodecError>;
    /// Takes what a worker process sent back as the attempt's result.
    ///
    /// # Errors
    /// Where the bytes are not those of an outcome.
    fn decode_outcome(&mut self, attempt: Attempt, bytes: &[u8]) -> Result<(), CodecError>;

    /// A copy of the error for other callers, with those before it, where its type can be copied.
    fn share_error(&mut self) -> Option<SharedError>;
    /// Takes a copy of another call's error. Returns `false` where that is of another type.
    fn unshare_error(&mut self, shared: &SharedError) -> bool;
}

/// The typed place of a call's outcome.
pub struct Slot<'p, T, E> {
    result: Option<Result<T, Error<E>>>,
    last: Attempt,
    earlier: History<E>,
    /// The caller's type can return the earlier errors.
    keeps_history: bool,
    holds: Holds,
    policy: &'p (dyn CallPolicy<T, E> + 'p),
    keeping: Option<Keeping<T>>,
}

impl<'p, T, E> Slot<'p, T, E> {
    /// An empty slot. `keeping` is needed where a cache stands before the call.
    #[inline]
    pub fn new(policy: &'p (dyn CallPolicy<T, E> + 'p), keeping: Option<Keeping<T>>) -> Self {
        Self {
            result: None,
            last: Attempt::FIRST,
            earlier: History::new(),
            keeps_history: true,
            holds: Holds::new(),
            policy,
            keeping,
        }
    }

    /// Keeps no earlier error longer than it is asked about, where `keeps_history` is `false`: the caller's type cannot return it.
    #[inline]
    #[must_use]
    pub fn with_history(mut self, keeps_history: bool) -> Self {
        self.keeps_history = keeps_history;
        self
    }

    /// Puts what an attempt came to.
    pub fn put(&mut self, attempt: Attempt, result: Result<T, Error<E>>) {
        self.last = attempt;
        self.result = Some(result);
    }

    /// Takes the value out, if it is one.
    pub fn take_value(&mut self) -> Option<T> {
        self.result.take()?.ok()
    }

    /// Takes out what the call came to.
    ///
    /// # Errors
    /// That of the last attempt, with the earlier ones in it.
    pub fn take_result(&mut self) -> Result<T, Error<E>> {
        self.take_earlier();
        match self.result.take() {
            Some(result) => result,
            None => Err(Error::rejected(never_attempted())),
        }
    }

    /// Puts the earlier errors into the last one.
    fn take_earlier(&mut self) {
        if let (Some(Err(error)), true) = (&mut self.result, self.keeps_history) {
            error.put_after(std::mem::take(&mut self.earlier), self.last);
        }
    }

    fn value(&self) -> Option<&T> {
        self.result.as_ref()?.as_ref().ok()
    }

    fn error(&self) -> Option<&Error<E>> {
        self.result.as_ref()?.as_ref().err()
    }

    /// Takes the attempts out of the last error that it brought along.
    fn part_error(&mut self) {
        if let Some(Err(error)) = &mut self.result {
            error.part(&mut self.earlier, &mut self.last);
        }
    }

    /// What ended an attempt of the last round.
    fn cause(&self, failure: usize) -> Option<&Cause<E>> {
        match self.earlier.round(self.last.number).get(failure) {
            Some(failed) => Some(&failed.cause),
            None => self.error().map(Error::cause),
        }
    }

    /// Asks the policy about a failure: about a rejection only where that may pass.
    fn judge(&self, cause: &Cause<E>, ask: fn(&dyn CallPolicy<T, E>, &E) -> bool) -> bool {
        match cause {
            Cause::Function(error) => ask(self.policy, error),
            Cause::Rejected(rejected) => {
                let error = self.policy.as_error(rejected);
                error.is_none_or(|error| ask(self.policy, &error))
            }
        }
    }
}

/// The end of a call that a stage neither attempted nor rejected.
#[cold]
fn never_attempted() -> Rejected {
    Rejected::by_stage("a stage", "it ended the call without an attempt")
}

impl<T, E> LocalOutcome for Slot<'_, T, E> {
    fn is_ok(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
    }

    fn rejection(&self) -> Option<&Rejected> {
        self.error()?.rejection()
    }

    fn last_attempt(&self) -> Attempt {
        self.last
    }

    fn failures(&mut self) -> usize {
        self.part_error();
        self.earlier.round(self.last.number).len() + 1
    }

    fn failed(&self, failure: usize) -> Attempt {
        match self.earlier.round(self.last.number).get(failure) {
            Some(failed) => failed.attempt,
            None => self.last,
        }
    }

    fn retry_on(&self, failure: usize) -> bool {
        match self.cause(failure) {
            Some(Cause::Rejected(rejected)) if !rejected.is_transient() => false,
            Some(cause) => self.judge(cause, |policy, error| policy.retry_on(error)),
            None => false,
        }
    }

    fn retry_after(&self, failure: usize) -> Option<Duration> {
        match self.cause(failure)? {
            Cause::Function(error) => self.policy.retry_after(error),
            Cause::Rejected(rejected) => self.policy.retry_after(&self.policy.as_error(rejected)?),
        }
    }

    fn fallback_on(&self) -> bool {
        let Some(cause) = self.error().map(Error::cause) else {
            return false;
        };
        match cause.rejection() {
            Some(rejected) if rejected.lacks_permit() => true,
            Some(rejected) if !rejected.is_transient() => false,
            _ => self.judge(cause, |policy, error| policy.fallback_on(error)),
        }
    }

    fn holds(&mut self) -> &mut Holds {
        &mut self.holds
    }

    fn reject(&mut self, attempt: Attempt, rejected: Rejected) {
        self.put(attempt, Err(Error::rejected(rejected)));
    }

    fn set_aside(&mut self) {
        self.part_error();
        match self.result.take() {
            Some(Err(error)) => {
                if !self.keeps_history {
                    self.earlier.forget_before(self.last);
                }
                error.push_onto(&mut self.earlier, self.last);
            }
            other => self.result = other,
        }
    }

    fn drop_last(&mut self) -> bool {
        self.part_error();
        if !matches!(self.result, Some(Err(_))) {
            return false;
        }
        let Some(failed) = self.earlier.pop() else {
            return false;
        };
        self.put(failed.attempt, Err(Error::of(failed.cause)));
        true
    }

    fn is_worth_keeping(&self) -> bool {
        match self.value() {
            Some(value) => self.policy.cache_if(value),
            None => false,
        }
    }

    fn entry(&self, expires: Option<Instant>) -> Option<Entry> {
        Some((self.keeping?.keep)(self.value()?, expires))
    }

    fn take(&mut self, entry: &Entry) -> bool {
        let Some(keeping) = self.keeping else {
            return false;
        };
        let Some(value) = (keeping.take)(entry) else {
            return false;
        };
        self.put(self.last, Ok(value));
        true
    }

    fn codec_type(&self) -> Option<&'static str> {
        Some(self.policy.codec()?.type_name())
    }

    fn schema(&self) -> u64 {
        match self.policy.codec() {
            Some(codec) => codec.schema(),
            None => 0,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        match (self.policy.codec(), self.value()) {
            (Some(codec), Some(value)) => codec.encode(value, out),
            _ => Err(CodecError::new("there is no value")),
        }
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<(), CodecError> {
        let Some(codec) = self.policy.codec() else {
            return Err(CodecError::new("the value has no bytes"));
        };
        self.put(self.last, Ok(codec.decode(bytes)?));
        Ok(())
    }

    fn decode_outcome(&mut self, attempt: Attempt, bytes: &[u8]) -> Result<(), CodecError> {
        let result = self.policy.decode_outcome(bytes)?;
        self.put(attempt, result);
        Ok(())
    }

    fn share_error(&mut self) -> Option<SharedError> {
        self.take_earlier();
        self.policy.share_error(self.error()?)
    }

    fn unshare_error(&mut self, shared: &SharedError) -> bool {
        let Some(error) = self.policy.unshare_error(shared) else {
            return false;
        };
        self.put(error.last_attempt(), Err(error));
        true
    }
}

/// Without the value: it may hold secrets.
impl<T, E> fmt::Debug for Slot<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
