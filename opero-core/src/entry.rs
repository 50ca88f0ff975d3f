use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::Instant;

/// A value on its way to other calls, shared and untyped, with its expiry.
///
/// One pointer with its vtable, so that a cache hit hands it on in registers.
#[derive(Clone)]
pub struct Entry(Arc<Dated<dyn Any + Send + Sync>>);

struct Dated<V: ?Sized> {
    /// `NEVER` for ever: one comparison then answers both questions.
    expires: Instant,
    value: V,
}

const NEVER: Instant = Instant::from_nanos(u64::MAX);

impl Entry {
    /// An entry of `value` that expires at `expires`; `None`: never.
    pub fn new<T: Any + Send + Sync>(value: T, expires: Option<Instant>) -> Self {
        Self(Arc::new(Dated {
            expires: expires.unwrap_or(NEVER),
            value,
        }))
    }

    /// The value, if it is a `T`.
    #[inline]
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.0.value.downcast_ref()
    }

    /// When it expires; `None`: never.
    pub fn expires(&self) -> Option<Instant> {
        (self.0.expires != NEVER).then_some(self.0.expires)
    }

    /// Returns `true` if it has expired at `now`.
    #[inline]
    pub fn is_expired(&self, now: Instant) -> bool {
        self.0.expires != NEVER && self.0.expires <= now
    }
}

impl fmt::Debug for Entry {
    /// Without the value: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("expires", &self.expires())
            .finish_non_exhaustive()
    }
}
