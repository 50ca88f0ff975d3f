//! How long a result is served, and when it is refreshed.

use std::time::Duration;

use opero_core::{Context, Entry, Instant};

use crate::config::CacheConfig;

/// What a lookup found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup {
    /// The outcome has the value.
    Hit(Found),
    Miss,
    /// Only an async lookup can tell. Of an async lookup: the backend did not answer.
    NeedsAsync,
}

/// A result that may be served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) age: Age,
    pub(crate) expiry: Expiry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// In the last part of its time to live (`cache_refresh`): one call refreshes it.
    RefreshDue,
    /// Past its time to live.
    Stale,
}

/// The tier that a result is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The first of two. Its entries end early, so their expiry says nothing of the age of the value.
    L1,
    /// The only tier, or the second of two.
    Last,
}

/// When a result ceases to be fresh, on the clock of the tier that had it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expiry {
    Never,
    Clock(Instant),
    #[cfg(feature = "bytes")]
    Unix(Duration),
}

impl Expiry {
    /// Returns the time until then; `None`: it never comes.
    pub(crate) fn left(self, cx: &Context<'_>) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Clock(instant) => Some(instant.since(cx.coarse_now())),
            #[cfg(feature = "bytes")]
            Self::Unix(time) => Some(time.saturating_sub(cx.clock().unix())),
        }
    }
}

/// The lifetimes of a cache's results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    pub(crate) ttl: Option<Duration>,
    pub(crate) stale: Option<Duration>,
    pub(crate) refresh: Option<Duration>,
}

impl Freshness {
    pub(crate) const fn new(config: &CacheConfig) -> Self {
        Self {
            ttl: config.ttl,
            stale: config.stale,
            refresh: config.refresh,
        }
    }

    /// Returns `true` if a result may be served while it is refreshed.
    #[inline]
    pub(crate) const fn refreshes(&self) -> bool {
        self.stale.is_some() || self.refresh.is_some()
    }

    /// Judges an entry; `None`: it is not served.
    #[inline]
    pub(crate) fn judge(&self, level: Level, cx: &Context<'_>, entry: &Entry) -> Option<Found> {
        let Some(expires) = entry.expires() else {
            let (age, expiry) = (Age::Fresh, Expiry::Never);
            return Some(Found { age, expiry });
        };
        let now = cx.coarse_now();
        let age = match self.refreshes() {
            true => self.age(level, since_origin(expires), since_origin(now)),
            false => (expires > now).then_some(Age::Fresh),
        }?;
        let expiry = Expiry::Clock(expires);
        Some(Found { age, expiry })
    }

    /// Returns the age of a result that expires at `expires`, both counted from one origin; `None`: too old to serve.
    pub(crate) fn age(&self, level: Level, expires: Duration, now: Duration) -> Option<Age> {
        if level == Level::L1 {
            return (now < expires).then_some(Age::Fresh);
        }
        if now < expires {
            return Some(match self.refresh {
                Some(last_part) if expires - now <= last_part => Age::RefreshDue,
                _ => Age::Fresh,
            });
        }
        let stale = self.stale?;
        (now - expires < stale).then_some(Age::Stale)
    }

    /// Returns `true` if a record would stay fresh for longer than any that is stored now. The clocks of two machines may
    /// differ by a tenth of the TTL, a minute at most.
    #[cfg(feature = "bytes")]
    pub(crate) fn is_exceeded_by(&self, expires: Option<Duration>, now: Duration) -> bool {
        let Some(ttl) = self.ttl else {
            return false;
        };
        let slack = (ttl / 10).min(Duration::from_secs(60));
        expires.is_none_or(|expires| expires.saturating_sub(now) > ttl.saturating_add(slack))
    }
}

fn since_origin(instant: Instant) -> Duration {
    Duration::from_nanos(instant.as_nanos())
}
