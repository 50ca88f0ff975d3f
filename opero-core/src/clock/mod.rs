//! Time is one trait for the whole pipeline: TTLs, backoff, rate limits and timeouts read the same clock.
//!
//! The default is [`SystemClock`]. [`ManualClock`] moves only when it is told to, so a test of an hour's TTL takes no
//! time and depends on none.

mod alarm;
mod instant;
mod manual;
mod system;
mod timeout;
#[cfg(feature = "tokio")]
mod tokio;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use alarm::{Alarm, is_paused, timeout};
pub use instant::Instant;
pub use manual::ManualClock;
pub use system::{SystemClock, real_now, real_sleep};
pub use timeout::real_timeout;

/// The boxed future of [`Clock::sleep`]. Only an actual wait allocates one.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of time that can also wait.
///
/// It must be monotonic: [`now`](Clock::now) never returns less than an earlier call did.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present, to the clock's full resolution.
    fn now(&self) -> Instant;

    /// The present to a few milliseconds, where that is cheaper than [`now`](Clock::now). It never runs ahead of it.
    fn coarse_now(&self) -> Instant {
        self.now()
    }

    /// The time since the Unix epoch, for what other processes read too, such as the expiry of an entry on a disk. Unlike
    /// [`now`](Clock::now) it may step back, when the machine's clock is set.
    fn unix(&self) -> Duration {
        std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
    }

    /// A future that is ready once `duration` has passed.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Blocks the thread until `duration` has passed.
    fn block(&self, duration: Duration);
}

/// Every method, forwarded.
impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    #[inline]
    fn now(&self) -> Instant {
        (**self).now()
    }
    #[inline]
    fn coarse_now(&self) -> Instant {
        (**self).coarse_now()
    }
    fn unix(&self) -> Duration {
        (**self).unix()
    }
    fn sleep(&self, duration: Duration) -> Sleep {
        (**self).sleep(duration)
    }
    fn block(&self, duration: Duration) {
        (**self).block(duration);
    }
}
