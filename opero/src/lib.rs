//! Makes an unreliable, slow or metered function dependable.
//!
//! [`#[opero]`](macro@opero) puts a cache, retries, fallback values and a rate limit around a
//! function; [`#[operomap]`](macro@operomap) runs it over many inputs. The order is always
//! cache, retry, fallback, rate limit, function.
//!
//! ```
//! use opero::{Error, opero};
//!
//! #[opero(cache_ttl = "10m", retries = 5, rate_limit = 1000)]
//! fn length(url: &str) -> Result<usize, Error<std::io::Error>> {
//!     Ok(url.len())
//! }
//!
//! assert_eq!(length("https://example.org").unwrap(), 19); // executes
//! assert_eq!(length("https://example.org").unwrap(), 19); // a hit
//! ```
//!
//! | for | see |
//! |---|---|
//! | a start | [quick start](guide::quick_start), [every parameter and feature](guide::configuration) |
//! | one function | [cache](guide::cache), [retry and fallback](guide::retry_and_fallback), [rate limit](guide::rate_limit), [errors](guide::errors) |
//! | many inputs | [maps](guide::maps), [processes](guide::processes), [resuming](guide::resuming), [stopping and watching](guide::stopping_and_watching) |
//! | closures, parameters at run time | [`Pipeline`], [`PipelineConfig`] |
//! | operation | [failure](guide::failure), [testing](guide::testing), [performance](guide::performance), [`observe`] |
//! | parts of your own | [backends](guide::backends), [stages](guide::stages), [`extend`] |
//! | code of yours so far | [migration](guide::migration) from the Python package, [coming from](guide::coming_from) other libraries |
#![cfg_attr(docsrs, feature(doc_cfg))]

// The linker drops a crate that nothing mentions, and with it the backends it registers.
#[cfg(feature = "cache")]
use opero_cache as _;
#[cfg(feature = "map")]
use opero_map as _;
#[cfg(feature = "ratelimit")]
use opero_ratelimit as _;

mod clock;
mod config;
mod execution;
pub mod extend;
mod fast_path;
#[cfg(any(doc, doctest))]
pub mod guide;
mod mechanism;
mod order;
mod pipeline;
mod rest;
mod route;
// Generated code names some of its items through `__private`, and nothing else does.
#[cfg_attr(not(feature = "macros"), allow(unreachable_pub))]
mod shell;
mod staged;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

/// The cache: backends, statistics, clearing a namespace.
#[cfg(feature = "cache")]
pub use opero_cache as cache;
// Not as `core`: `use opero::*` would hide the language's.
#[doc(hidden)]
pub use opero_core;
/// Maps: runs, their sources, results, reports.
#[cfg(feature = "map")]
pub use opero_map as map;
/// The rate limit: quotas and limiters.
#[cfg(feature = "ratelimit")]
pub use opero_ratelimit as ratelimit;
/// What happens after a failure: retry, backoff, fallback, timeout.
#[cfg(feature = "retry")]
pub use opero_retry as retry;

#[cfg(all(feature = "macros", feature = "cache"))]
pub use __private::CacheHandle;
pub use clock::set_clock;
pub use config::PipelineConfig;
#[cfg(feature = "cache")]
pub use opero_core::background::drain;
#[doc(inline)]
pub use opero_core::{
    ConfigError, Error, ErrorKind, Event, ManualClock, Observer, Rejected, RejectedKind, observe,
};
#[cfg(feature = "macros")]
pub use opero_macros::{main, opero, operomap};
#[cfg(feature = "map-process")]
pub use opero_map::{process::init, worker_tests};
pub use pipeline::{Pipeline, PipelineBuilder};

#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;

/// The code of the README, which is tested with the guide's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
