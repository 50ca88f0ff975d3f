//! Stages of our own.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::extend::{Attempt, Context, Operation, Stage};
use opero::{Error, Rejected};

/// Rejects calls after three failures in a row, until it is closed again.
#[derive(Debug, Default)]
pub struct Breaker(AtomicU32);

impl Breaker {
    /// A closed one.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Lets calls pass again.
    pub fn close(&self) {
        self.0.store(0, Relaxed);
    }
}

impl<T: Send, E: Send> Stage<T, E> for Breaker {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        if self.0.load(Relaxed) >= 3 {
            return Err(Error::rejected(Rejected::by_stage("breaker", "it is open")));
        }
        let result = next.attempt(cx, attempt).await;
        match result {
            Ok(_) => self.close(),
            Err(_) => drop(self.0.fetch_add(1, Relaxed)),
        }
        result
    }
}

/// Counts the calls that come in.
#[derive(Debug, Default)]
pub struct Tally(AtomicU32);

impl Tally {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// How many there were.
    pub fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

impl<T: Send, E: Send> Stage<T, E> for Tally {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        self.0.fetch_add(1, Relaxed);
        next.attempt(cx, attempt).await
    }
}
