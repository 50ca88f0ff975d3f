//! What a writer of stages and backends needs. Users of the attributes and of the builder need none
//! of it.
//!
//! - A **stage** stands in the pipeline of a function: implement [`Stage`], and name a static or a
//!   unit struct of it as `outside` or `inside`. [`Stack`] puts one stage around another.
//! - A **backend** keeps results or hands out permits: implement
//!   [`cache::CacheBackend`](crate::cache::CacheBackend) (values),
//!   [`cache::ByteStore`](crate::cache::ByteStore) (bytes) or
//!   [`ratelimit::LimiterBackend`](crate::ratelimit::LimiterBackend), each of them a [`Backend`],
//!   and register it with the macro that its page names. Its `conformance` module tests every
//!   promise in one line.
//! - A **clock** other than [`ManualClock`](crate::ManualClock) implements [`Clock`].
//!
//! ```
//! use opero::extend::{Attempt, Context, Operation, Stage};
//! use opero::{Error, opero};
//!
//! /// Prints each attempt that fails.
//! struct Print;
//!
//! impl<T: Send, E: Send> Stage<T, E> for Print {
//!     async fn call<N: Operation<T, E>>(
//!         &self,
//!         cx: &Context<'_>,
//!         attempt: Attempt,
//!         next: N,
//!     ) -> Result<T, Error<E>> {
//!         let result = next.attempt(cx, attempt).await;
//!         if result.is_err() {
//!             eprintln!("{} failed: attempt {}", cx.function(), attempt.number);
//!         }
//!         result
//!     }
//! }
//!
//! #[opero(inside = Print, retries = 1, min_delay = "1ms")]
//! fn parse(text: &str) -> Result<u32, Error<std::num::ParseIntError>> {
//!     Ok(text.parse()?)
//! }
//! assert!(parse("x").is_err());
//! ```

#[doc(inline)]
pub use opero_core::{
    Arguments, Attempt, Backend, BackendError, BackendUri, CallPolicy, Cause, Clock, CodecError,
    Context, FailedAttempt, History, Instant, Key, Operation, Stack, Stage, SystemClock, WaitMode,
    async_trait, block_on, operation, register,
};

#[cfg(feature = "serde")]
#[doc(inline)]
pub use opero_core::stable::KeySpace;

/// Types in signatures that code seldom has to name: what calls return, and what a pipeline is
/// generic over.
pub mod types {
    #[cfg(feature = "macros")]
    pub use crate::__private::FallbackValues;
    #[cfg(all(feature = "macros", feature = "cache"))]
    pub use crate::__private::{BoundCall, BoundSyncCall, CachedCall, CachedSyncCall};
    pub use crate::config::{Rate, Time};
    pub use crate::order::Stages;
    #[cfg(feature = "map")]
    pub use crate::pipeline::{
        AsyncItems, Awaited, Blocking, ByHash, Hashed, Identity, OwnedFunction, OwnedIdentity,
        OwnedItems, OwnedValue, SyncItems,
    };
    #[cfg(all(feature = "map", feature = "serde"))]
    pub use crate::pipeline::{ByName, Named, NamedRun};
    pub use crate::route::Places;
    pub use crate::staged::{Absent, Place, Present};
}
