//! What counts the permits.
//!
//! A backend knows quotas and time, and nothing of queues: the stage keeps the callers in their order and asks on behalf
//! of the head of the queue.

#[cfg(feature = "local")]
mod keys;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "redis")]
mod redis;

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::time::Duration;

use opero_core::{Backend, BackendError, Key, async_trait};

#[cfg(feature = "local")]
pub use local::LocalLimiter;
#[cfg(feature = "redis")]
pub use redis::RedisLimiter;

/// A limiter's answer to a request for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The permits are taken.
    Admitted,
    /// Nothing was taken: the permits will not be there sooner than after this time, if no other call takes them.
    Wait(Duration),
    /// The answer needs I/O: [`acquire`](LimiterBackend::acquire) has to be asked.
    NeedsAsync,
}

/// Gives out permits, within this process or over the network.
///
/// It keeps to the quota it was opened with, one for each key and one for calls without a key, and it takes either
/// all permits of a request or none. It has no queue.
#[async_trait]
pub trait LimiterBackend: Backend {
    /// Takes `cost` permits if that can be decided at once; [`Verdict::NeedsAsync`] if not. It never blocks and never waits.
    ///
    /// The stage never asks for more permits than the quota's burst.
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict;

    /// Takes `cost` permits, in one atomic step wherever they are counted. It does not wait for permits to grow.
    ///
    /// Only backends that answer [`Verdict::NeedsAsync`] are asked here. A request that is dropped half-way may have taken its
    /// permits; it must not have taken a part of them.
    ///
    /// # Errors
    /// Where the counting side does not answer.
    async fn acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Result<Verdict, BackendError> {
        Ok(self.try_acquire(key, cost))
    }

    /// Returns `true` if it counts for other processes, too. Then the keys it is asked with mean the same in all of them, and a call whose
    /// key cannot is rejected. Asked once, when the limiter is opened.
    ///
    /// The keys are made within the namespace of [`LimiterOptions`](crate::LimiterOptions) but not of its function, so that
    /// functions can share a limit; the backend keeps them apart by that name.
    fn shared(&self) -> bool {
        false
    }

    /// The answer while the counting side is unreachable, where this process limits alone meanwhile. `None`: it does not, and the
    /// call is rejected. Asked only after [`acquire`](Self::acquire) failed, and the observers are told of that anyway.
    fn on_unavailable(&self, key: Option<Key>, cost: NonZeroU32) -> Option<Verdict> {
        let _ = (key, cost);
        None
    }
}
