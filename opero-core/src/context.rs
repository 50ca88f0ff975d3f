use std::time::Duration;

use crate::event::{self, Event, Observer};
use crate::{AttemptLimit, Clock, Instant, Remote, SystemClock};

/// How a call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitMode {
    /// By yielding to the async runtime.
    Async,
    /// By blocking the thread inside the poll, so that the future is ready at its first poll.
    Blocking,
}

/// What surrounds one call: its clock, its wait mode, its observer, and the function's name.
///
/// It travels beside the call, by reference, so that stages hold neither clock nor observer and one pipeline serves
/// synchronous and async functions alike.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    clock: &'a dyn Clock,
    wait_mode: WaitMode,
    observer: Option<&'a dyn Observer>,
    /// Its own observer counts for the thread's, too.
    is_counted: bool,
    function: &'a str,
    remote: Option<&'a dyn Remote>,
    limits: Limits,
}

/// The time that stages give to a call and to its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    deadline: Option<Instant>,
    attempt: Option<AttemptLimit>,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self {
        deadline: None,
        attempt: None,
    };
}

impl Context<'static> {
    /// An async call on the system's clock.
    pub const fn system() -> Self {
        Self::new(&SystemClock, WaitMode::Async)
    }

    /// A synchronous call on the system's clock.
    pub const fn blocking() -> Self {
        Self::new(&SystemClock, WaitMode::Blocking)
    }
}

impl<'a> Context<'a> {
    /// A call on `clock` that waits as told, watched by the global observers only.
    pub const fn new(clock: &'a dyn Clock, wait_mode: WaitMode) -> Self {
        Self {
            clock,
            wait_mode,
            observer: None,
            is_counted: false,
            function: "",
            remote: None,
            limits: Limits::NONE,
        }
    }

    /// Names the function in events.
    #[must_use]
    pub const fn with_function(mut self, function: &'a str) -> Self {
        self.function = function;
        self
    }

    /// Adds an observer of this call, beside the global ones.
    #[must_use]
    pub const fn with_observer(mut self, observer: &'a dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Says that the call is an item of what observes this thread ([`ThreadObserver`](crate::ThreadObserver)), and not
    /// something that happens within one: its events are counted elsewhere.
    #[must_use]
    pub const fn counted_as_item(mut self) -> Self {
        self.is_counted = true;
        self
    }

    /// Lets nothing wait past `deadline` for leave to start; an earlier deadline stands.
    ///
    /// A stage that waits, such as a rate limit, rejects at once where its wait would end later. What has started runs on.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        let earlier = self.limits.deadline;
        self.limits.deadline = Some(earlier.map_or(deadline, |earlier| earlier.min(deadline)));
        self
    }

    /// The limits that stages have set so far.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Sets the limits to those that stages within this context have set.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets the function itself be executed by `remote`, if it can be.
    #[must_use]
    pub const fn with_remote(mut self, remote: &'a dyn Remote) -> Self {
        self.remote = Some(remote);
        self
    }

    /// Who executes the function, where that is not this process.
    pub const fn remote(&self) -> Option<&'a dyn Remote> {
        self.remote
    }

    /// Gives one execution elsewhere a limited time, counted from when it starts there.
    #[must_use]
    pub const fn with_attempt_limit(mut self, limit: AttemptLimit) -> Self {
        self.limits.attempt = Some(limit);
        self
    }

    /// The time that one execution elsewhere has.
    pub const fn attempt_limit(&self) -> Option<AttemptLimit> {
        self.limits.attempt
    }

    /// The instant on the call's clock past which nothing of it may start, if there is one.
    pub const fn deadline(&self) -> Option<Instant> {
        self.limits.deadline
    }

    /// The observer of this call, if it has one beside the global ones.
    pub const fn observer(&self) -> Option<&'a dyn Observer> {
        self.observer
    }

    /// The function's name; empty where none was given.
    pub const fn function(&self) -> &'a str {
        self.function
    }

    /// The clock of the whole pipeline.
    pub const fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// How this call waits.
    pub const fn wait_mode(&self) -> WaitMode {
        self.wait_mode
    }

    /// The present on the call's clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The present for expiry: to a few milliseconds in a blocking call. In an async one to the full resolution, since
    /// only the precise reading follows a tokio runtime whose time is paused.
    #[inline]
    pub fn coarse_now(&self) -> Instant {
        match self.wait_mode {
            WaitMode::Async => self.clock.now(),
            WaitMode::Blocking => self.clock.coarse_now(),
        }
    }

    /// Waits for `duration`, in the way of this call.
    pub async fn sleep(&self, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        match self.wait_mode {
            WaitMode::Async => self.clock.sleep(duration).await,
            WaitMode::Blocking => self.clock.block(duration),
        }
    }

    /// Returns `true` if an observer watches. Otherwise, what only an event needs is not computed.
    #[inline]
    pub fn observed(&self) -> bool {
        self.observer.is_some() || event::may_be_observed() && event::is_observed(!self.is_counted)
    }

    /// Tells the observers.
    #[inline]
    pub fn emit(&self, event: Event<'_>) {
        if let Some(observer) = self.observer {
            event::notify(observer, self.function, &event);
        }
        if event::may_be_observed() {
            event::tell(self.function, &event, !self.is_counted);
        }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("function", &self.function)
            .field("clock", &self.clock)
            .field("wait_mode", &self.wait_mode)
            .finish_non_exhaustive()
    }
}
