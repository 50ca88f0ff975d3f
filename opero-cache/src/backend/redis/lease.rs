//! The right to execute, for one of many processes.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opero_core::BackendError;
use opero_core::clock::real_sleep;
use opero_redis::{Error, Redis, Script};

use super::millis;
use crate::backend::Lease;

/// The pauses between two attempts to release a lease: while the server is left alone they cost nothing, and callers look
/// every 50 ms.
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LONGEST_RETRY: Duration = Duration::from_millis(200);

/// Both leave a lease alone that has passed on: its token is another one.
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0",
    )
});
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
    )
});

/// A lease that is held, or asked for. It is renewed on opero's own thread, since its holder may block the one it runs on.
pub(super) struct Held {
    /// `None` once there is nothing to give up.
    grip: Option<Grip>,
    renewal: Option<Renewal>,
}

#[derive(Clone)]
struct Grip {
    redis: Redis,
    name: String,
    token: String,
    expiry: Duration,
}

/// Ends when dropped.
struct Renewal(Box<dyn Fn() + Send + Sync>);

impl Drop for Renewal {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Held {
    pub(super) fn new(redis: Redis, name: String, expiry: Duration) -> Self {
        Self {
            grip: Some(Grip {
                redis,
                name,
                token: token(),
                expiry,
            }),
            renewal: None,
        }
    }

    /// What tells this lease from every other one.
    pub(super) fn token(&self) -> &str {
        self.grip.as_ref().map_or("", |grip| &grip.token)
    }

    /// It is held: from now on it is renewed.
    pub(super) fn keep(&mut self) -> Result<(), BackendError> {
        let Some(grip) = self.grip.clone() else {
            return Ok(());
        };
        let renewal = opero_redis::spawn(grip.renew()).map_err(|error| {
            BackendError::new("there is no thread to renew a lease").with_source(error)
        })?;
        self.renewal = Some(Renewal(Box::new(move || renewal.abort())));
        Ok(())
    }

    /// Another one holds it: there is nothing to give up.
    pub(super) fn forget(&mut self) {
        self.grip = None;
    }
}

impl Grip {
    async fn renew(self) {
        loop {
            real_sleep(self.expiry / 3).await;
            let arguments = (&self.token, millis(self.expiry));
            let renewed = self.redis.script(&RENEW, &[&self.name], arguments).await;
            // After an error the next one may succeed in time.
            if renewed == Ok(0) {
                return;
            }
        }
    }

    /// Releases the lease. Where the server cannot be reached, that is tried again beside the caller until the lease has
    /// expired by itself: as long as it stands, callers wait for an execution that has ended.
    async fn release(self) {
        if self.try_release().await.is_err() {
            let _ = opero_redis::spawn(self.release_later());
        }
    }

    async fn release_later(self) {
        let mut pause = FIRST_RETRY;
        let mut left = self.expiry;
        while !left.is_zero() {
            real_sleep(pause).await;
            if self.try_release().await.is_ok() {
                return;
            }
            left = left.saturating_sub(pause);
            pause = (pause * 2).min(LONGEST_RETRY);
        }
    }

    async fn try_release(&self) -> Result<u64, Error> {
        let names = [&*self.name];
        self.redis.script(&RELEASE, &names, &self.token).await
    }
}

#[async_trait]
impl Lease for Held {
    async fn release(mut self: Box<Self>) {
        self.renewal = None;
        if let Some(grip) = self.grip.clone() {
            grip.release().await;
        }
        // Only now: dropped on its way, it is still given up.
        self.grip = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let asked_only = self.renewal.take().is_none();
        let Some(grip) = self.grip.take() else {
            return;
        };
        if asked_only {
            // The claim may still be on its way: this goes behind it.
            let _ = opero_redis::spawn_behind(grip.clone().release());
        }
        // And this is done even if the caller's runtime is ending.
        let _ = opero_redis::spawn(grip.release());
    }
}

impl fmt::Debug for Held {
    /// Without the name: it holds the call's key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// A text that no other lease of any process has: 64 random bits for the process, and a number.
fn token() -> String {
    // The standard library seeds each state from the operating system's random numbers.
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0_u8));
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{number:016x}", *PROCESS)
}

/// A token as a number, to tell holders apart.
pub(super) fn number(token: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(token)
}
