//! What an attribute uses that a Cargo feature adds. It mentions the item below, so that a missing feature is a compile
//! error with the feature's name in it, to which the compiler adds that the item is "gated behind the feature".

/// `cache_backend = "memory"`, the default.
#[cfg(feature = "cache-memory")]
pub const ENABLE_THE_CARGO_FEATURE_CACHE_MEMORY_OF_OPERO: () = ();

/// `cache_backend = "quick"`.
#[cfg(feature = "cache-quick")]
pub const ENABLE_THE_CARGO_FEATURE_CACHE_QUICK_OF_OPERO: () = ();

/// `cache_backend = "disk"`.
#[cfg(feature = "cache-disk")]
pub const ENABLE_THE_CARGO_FEATURE_CACHE_DISK_OF_OPERO: () = ();

/// `cache_backend = "redb"`.
#[cfg(feature = "cache-redb")]
pub const ENABLE_THE_CARGO_FEATURE_CACHE_REDB_OF_OPERO: () = ();

/// `cache_backend = "redis"`.
#[cfg(feature = "cache-redis")]
pub const ENABLE_THE_CARGO_FEATURE_CACHE_REDIS_OF_OPERO: () = ();

/// A cache backend of another crate's.
#[cfg(feature = "cache")]
pub const ENABLE_THE_CARGO_FEATURE_CACHE_OF_OPERO: () = ();

/// `retries`, fallback lists, `attempt_timeout`.
#[cfg(feature = "retry")]
pub const ENABLE_THE_CARGO_FEATURE_RETRY_OF_OPERO: () = ();

/// `rate_limit` with the default backend, `"local"`.
#[cfg(feature = "ratelimit-local")]
pub const ENABLE_THE_CARGO_FEATURE_RATELIMIT_LOCAL_OF_OPERO: () = ();

/// `rate_backend = "redis"`.
#[cfg(feature = "ratelimit-redis")]
pub const ENABLE_THE_CARGO_FEATURE_RATELIMIT_REDIS_OF_OPERO: () = ();

/// A limiter backend of another crate's.
#[cfg(feature = "ratelimit")]
pub const ENABLE_THE_CARGO_FEATURE_RATELIMIT_OF_OPERO: () = ();

/// `#[operomap]`.
#[cfg(feature = "map")]
pub const ENABLE_THE_CARGO_FEATURE_MAP_ASYNC_OR_MAP_THREAD_OF_OPERO: () = ();

/// `mode = "process"`, `mode = "async_process"`.
#[cfg(feature = "map-process")]
pub const ENABLE_THE_CARGO_FEATURE_MAP_PROCESS_OF_OPERO: () = ();

/// `resume`.
#[cfg(feature = "map-journal")]
pub const ENABLE_THE_CARGO_FEATURE_MAP_JOURNAL_OF_OPERO: () = ();

/// `mode = "async"`.
#[cfg(feature = "map-async")]
pub const ENABLE_THE_CARGO_FEATURE_MAP_ASYNC_OF_OPERO: () = ();

/// `mode = "thread"`.
#[cfg(feature = "map-thread")]
pub const ENABLE_THE_CARGO_FEATURE_MAP_THREAD_OF_OPERO: () = ();
