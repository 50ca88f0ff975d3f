use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The delays of the user's own iterator, made anew for every call that fails.
///
/// Where the iterator ends, the retries end, however many [`retries`](crate::RetryPolicy::retries) are left.
///
/// ```
/// use opero_retry::{Backoff, backoff::Custom};
/// use std::time::Duration;
///
/// let fibonacci = Custom::new(|| {
///     let mut pair = (Duration::ZERO, Duration::from_millis(100));
///     std::iter::from_fn(move || {
///         pair = (pair.1, pair.0.saturating_add(pair.1));
///         Some(pair.0)
///     })
/// });
/// let first: Vec<_> = Backoff::from(fibonacci).delays().take(5).collect();
/// assert_eq!(first, [100, 100, 200, 300, 500].map(Duration::from_millis));
/// ```
#[derive(Clone)]
pub struct Custom {
    make: Arc<dyn Fn() -> Boxed + Send + Sync>,
}

type Boxed = Box<dyn Iterator<Item = Duration> + Send>;

impl Custom {
    /// Follows the iterators that `make` returns. It is called once a call, at its first failure.
    pub fn new<I>(make: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: Iterator<Item = Duration> + Send + 'static,
    {
        Self {
            make: Arc::new(move || Box::new(make())),
        }
    }

    pub(super) fn delays(&self) -> Delays {
        Delays(Some((self.make)()))
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").finish_non_exhaustive()
    }
}

/// Absent once it has ended: a stranger's iterator may start over when asked again.
pub(super) struct Delays(Option<Boxed>);

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.0.as_mut()?.next();
        if delay.is_none() {
            self.0 = None;
        }
        delay
    }
}

impl fmt::Debug for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").finish_non_exhaustive()
    }
}
