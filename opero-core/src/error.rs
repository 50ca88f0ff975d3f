use std::fmt;

use crate::{Attempt, FailedAttempt, History, Rejected};

/// Why a call came to nothing: the function's own error, or a stage's rejection, and what was tried before.
///
/// ```
/// use opero_core::{Error, ErrorKind};
///
/// let error: Error<std::num::ParseIntError> = "x".parse::<u32>().unwrap_err().into();
/// assert_eq!(error.kind(), ErrorKind::Function);
/// assert_eq!(error.function_error().unwrap().to_string(), "invalid digit found in string");
/// ```
#[derive(Clone)]
pub struct Error<E> {
    cause: Cause<E>,
    /// Boxed, so that a `Result` stays small; absent where the first attempt was the only one.
    trail: Option<Box<Trail<E>>>,
}

/// What ended one attempt.
#[derive(Debug, Clone)]
pub enum Cause<E> {
    /// The function returned this error.
    Function(E),
    /// A stage kept the function from starting, or stopped it.
    Rejected(Rejected),
}

#[derive(Clone)]
struct Trail<E> {
    earlier: History<E>,
    last: Attempt,
}

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The function itself failed.
    Function,
    /// An attempt took longer than it may.
    Timeout,
    /// A permit would have come too late, or never.
    RateLimited,
    /// The list of fallback values was empty.
    EmptyFallback,
    /// A parameter or a backend's name is wrong.
    Config,
    /// The function panicked.
    Panic,
    /// The process that ran the function is gone.
    Crashed,
    /// Arguments or a result could not pass between processes.
    Transfer,
    /// The run stopped before this item's turn.
    Stopped,
    /// A stage of the user's rejected.
    Stage,
}

impl<E> Error<E> {
    /// A stage's rejection.
    pub fn rejected(rejected: impl Into<Rejected>) -> Self {
        Self {
            cause: Cause::Rejected(rejected.into()),
            trail: None,
        }
    }

    pub(crate) fn of(cause: Cause<E>) -> Self {
        Self { cause, trail: None }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        match &self.cause {
            Cause::Function(_) => ErrorKind::Function,
            Cause::Rejected(rejected) => rejected.error_kind(),
        }
    }

    /// What ended the last attempt.
    pub fn cause(&self) -> &Cause<E> {
        &self.cause
    }

    /// What ended the last attempt, by value.
    pub fn into_cause(self) -> Cause<E> {
        self.cause
    }

    /// The function's own error, if it was that.
    pub fn function_error(&self) -> Option<&E> {
        match &self.cause {
            Cause::Function(error) => Some(error),
            Cause::Rejected(_) => None,
        }
    }

    /// The function's own error or else the rejection, by value: the way out for an `E` that is no [`std::error::Error`]
    /// itself, so that `?` cannot convert this one, such as `anyhow::Error` or a boxed error.
    ///
    /// The attempts before the last are lost.
    ///
    /// ```
    /// use opero_core::{Error, Rejected};
    /// type BoxedError = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// fn parse(text: &str) -> Result<u32, Error<BoxedError>> {
    ///     text.parse().map_err(|error: std::num::ParseIntError| Error::from(BoxedError::from(error)))
    /// }
    ///
    /// fn double(text: &str) -> Result<u32, BoxedError> {
    ///     let number = parse(text).map_err(|error| error.into_function_error().unwrap_or_else(Rejected::into))?;
    ///     Ok(number * 2)
    /// }
    /// assert_eq!(double("x").unwrap_err().to_string(), "invalid digit found in string");
    /// ```
    ///
    /// # Errors
    /// The rejection, if a stage rejected.
    pub fn into_function_error(self) -> Result<E, Rejected> {
        match self.cause {
            Cause::Function(error) => Ok(error),
            Cause::Rejected(rejected) => Err(rejected),
        }
    }

    /// The rejection, if it was one.
    pub fn rejection(&self) -> Option<&Rejected> {
        self.cause.rejection()
    }

    /// Returns `true` if an attempt took longer than it may.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Returns `true` if a permit would have come too late.
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == ErrorKind::RateLimited
    }

    /// Returns `true` if the function panicked.
    pub fn is_panic(&self) -> bool {
        self.kind() == ErrorKind::Panic
    }

    /// Returns `true` if the process that ran the function is gone.
    pub fn is_crash(&self) -> bool {
        self.kind() == ErrorKind::Crashed
    }

    /// The attempts that failed before the last one, oldest first: of many, the first 8 and the last 16 (see [`History`]).
    pub fn earlier(&self) -> &[FailedAttempt<E>] {
        self.trail
            .as_ref()
            .map_or(&[], |trail| trail.earlier.kept())
    }

    /// How many attempts are not in [`earlier`](Self::earlier), because there were too many. They came after the first 8.
    pub fn omitted(&self) -> usize {
        self.trail
            .as_ref()
            .map_or(0, |trail| trail.earlier.omitted())
    }

    /// How many attempts failed, the last one included.
    pub fn attempts(&self) -> usize {
        self.trail.as_ref().map_or(0, |trail| trail.earlier.len()) + 1
    }

    /// Which try the last attempt was.
    pub fn last_attempt(&self) -> Attempt {
        match &self.trail {
            Some(trail) => trail.last,
            None => Attempt::FIRST,
        }
    }

    /// Changes the function's error, in every attempt.
    pub fn map<F>(self, mut change: impl FnMut(E) -> F) -> Error<F> {
        let trail = self.trail.map(|trail| {
            Box::new(Trail {
                earlier: trail.earlier.map(&mut change),
                last: trail.last,
            })
        });
        Error {
            cause: self.cause.map(change),
            trail,
        }
    }

    /// Puts this error behind those of `earlier`: stages that try again keep one [`History`] and call this at the end.
    ///
    /// `attempt` is the try that this error ended, unless the error knows better.
    #[must_use]
    pub fn after(mut self, earlier: History<E>, attempt: Attempt) -> Self {
        self.put_after(earlier, attempt);
        self
    }

    pub(crate) fn put_after(&mut self, mut earlier: History<E>, attempt: Attempt) {
        let mut last = attempt;
        self.part(&mut earlier, &mut last);
        earlier.shorten();
        if !earlier.is_empty() || last != Attempt::FIRST {
            self.trail = Some(Box::new(Trail { earlier, last }));
        }
    }

    /// Moves the attempts before the last into `earlier`. `attempt` becomes the try that this error ended, where it knows
    /// better.
    pub(crate) fn part(&mut self, earlier: &mut History<E>, attempt: &mut Attempt) {
        if let Some(trail) = self.trail.take() {
            earlier.append(trail.earlier);
            *attempt = trail.last;
        }
    }

    /// Only what ended the last attempt, as the error of one attempt.
    ///
    /// For a call that passes on the error of another call with attempts of its own: those are not attempts of this one.
    ///
    /// ```
    /// use opero_core::{Attempt, Error, History};
    ///
    /// let mut earlier = History::new();
    /// Error::from("first").push_onto(&mut earlier, Attempt::FIRST);
    /// let inner = Error::from("second").after(earlier, Attempt::FIRST.next());
    /// assert_eq!(inner.attempts(), 2);
    /// assert_eq!(inner.without_history().attempts(), 1);
    /// ```
    #[must_use]
    pub fn without_history(self) -> Self {
        Self {
            cause: self.cause,
            trail: None,
        }
    }

    /// Adds this error's attempts to `earlier`, because another attempt follows.
    pub fn push_onto(mut self, earlier: &mut History<E>, mut attempt: Attempt) {
        self.part(earlier, &mut attempt);
        earlier.push(FailedAttempt {
            attempt,
            cause: self.cause,
        });
    }
}

impl<E> Cause<E> {
    /// The rejection, if it was one.
    pub fn rejection(&self) -> Option<&Rejected> {
        match self {
            Self::Function(_) => None,
            Self::Rejected(rejected) => Some(rejected),
        }
    }

    pub(crate) fn map<F>(self, change: impl FnOnce(E) -> F) -> Cause<F> {
        match self {
            Self::Function(error) => Cause::Function(change(error)),
            Self::Rejected(rejected) => Cause::Rejected(rejected),
        }
    }
}

/// So that `?` works in a function that returns `Result<T, opero::Error<E>>`.
impl<E> From<E> for Error<E> {
    fn from(error: E) -> Self {
        Self {
            cause: Cause::Function(error),
            trail: None,
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("cause", &self.cause)
            .field("attempts", &self.attempts())
            .field("earlier", &self.earlier())
            .finish()
    }
}

impl<E: fmt::Display> fmt::Display for Cause<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(error) => error.fmt(f),
            Self::Rejected(rejected) => rejected.fmt(f),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        match self.attempts() {
            1 => Ok(()),
            attempts => write!(f, " (the last of {attempts} attempts)"),
        }
    }
}

/// The source of a function's failure is the function's own error, so that whatever walks the chain finds it there.
impl<E: std::error::Error + 'static> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Function(error) => Some(error),
            Cause::Rejected(rejected) => rejected.source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u32, fallback_index: usize) -> Attempt {
        Attempt {
            number,
            fallback_index,
        }
    }

    #[test]
    fn the_trail_keeps_every_attempt_in_order() {
        // What a retry around a fallback over two values does, twice.
        let round = |number| {
            let mut earlier = History::new();
            Error::from("first").push_onto(&mut earlier, attempt(number, 0));
            Error::from("second").after(earlier, attempt(number, 1))
        };
        let mut earlier = History::new();
        round(1).push_onto(&mut earlier, attempt(1, 0));
        let error = round(2).after(earlier, attempt(2, 0));
        let seen: Vec<_> = error.earlier().iter().map(|f| f.attempt).collect();
        assert_eq!(seen, [attempt(1, 0), attempt(1, 1), attempt(2, 0)]);
        assert_eq!(error.last_attempt(), attempt(2, 1));
        assert_eq!(error.attempts(), 4);
        assert_eq!(error.to_string(), "second (the last of 4 attempts)");
    }

    #[test]
    fn the_chain_of_sources_begins_with_the_functions_own_error() {
        let inner = std::io::Error::from(std::io::ErrorKind::NotFound);
        let error = Error::from(std::io::Error::other(inner));
        let source = std::error::Error::source(&error).unwrap();
        let source = source.downcast_ref::<std::io::Error>().unwrap();
        assert_eq!(source.kind(), std::io::ErrorKind::Other);
    }

    #[test]
    fn a_rejection_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<Rejected>(), size_of::<usize>());
        assert_eq!(size_of::<Error<()>>(), 2 * size_of::<usize>());
    }
}
