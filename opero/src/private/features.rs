//! What an attribute uses that a Cargo feature adds. It mentions the item below, so that a missing feature is a compile
//! error with the feature's name in it, to which the compiler adds that the item is "gated behind the feature".
//!
//! Each is in a module of its own: beside the others, the compiler would propose the one with the most similar name.

/// `cache_backend = "memory"`, the default.
pub mod cache_memory {
    /// It is there.
    #[cfg(feature = "cache-memory")]
    pub const ENABLE_THE_CARGO_FEATURE_CACHE_MEMORY_OF_OPERO: () = ();
}

/// `cache_backend = "quick"`.
pub mod cache_quick {
    /// It is there.
    #[cfg(feature = "cache-quick")]
    pub const ENABLE_THE_CARGO_FEATURE_CACHE_QUICK_OF_OPERO: () = ();
}

/// `cache_backend = "disk"`.
pub mod cache_disk {
    /// It is there.
    #[cfg(feature = "cache-disk")]
    pub const ENABLE_THE_CARGO_FEATURE_CACHE_DISK_OF_OPERO: () = ();
}

/// `cache_backend = "redb"`.
pub mod cache_redb {
    /// It is there.
    #[cfg(feature = "cache-redb")]
    pub const ENABLE_THE_CARGO_FEATURE_CACHE_REDB_OF_OPERO: () = ();
}

/// `cache_backend = "redis"`.
pub mod cache_redis {
    /// It is there.
    #[cfg(feature = "cache-redis")]
    pub const ENABLE_THE_CARGO_FEATURE_CACHE_REDIS_OF_OPERO: () = ();
}

/// A cache backend of another crate's.
pub mod cache {
    /// It is there.
    #[cfg(feature = "cache")]
    pub const ENABLE_THE_CARGO_FEATURE_CACHE_OF_OPERO: () = ();
}

/// `retries`, fallback lists, `attempt_timeout`.
pub mod retry {
    /// It is there.
    #[cfg(feature = "retry")]
    pub const ENABLE_THE_CARGO_FEATURE_RETRY_OF_OPERO: () = ();
}

/// `rate_limit` with the default backend, `"local"`.
pub mod ratelimit_local {
    /// It is there.
    #[cfg(feature = "ratelimit-local")]
    pub const ENABLE_THE_CARGO_FEATURE_RATELIMIT_LOCAL_OF_OPERO: () = ();
}

/// `rate_backend = "redis"`.
pub mod ratelimit_redis {
    /// It is there.
    #[cfg(feature = "ratelimit-redis")]
    pub const ENABLE_THE_CARGO_FEATURE_RATELIMIT_REDIS_OF_OPERO: () = ();
}

/// A limiter backend of another crate's.
pub mod ratelimit {
    /// It is there.
    #[cfg(feature = "ratelimit")]
    pub const ENABLE_THE_CARGO_FEATURE_RATELIMIT_OF_OPERO: () = ();
}

/// `#[operomap]`.
pub mod map_async_or_map_thread {
    /// It is there.
    #[cfg(feature = "map")]
    pub const ENABLE_THE_CARGO_FEATURE_MAP_ASYNC_OR_MAP_THREAD_OF_OPERO: () = ();
}

/// `mode = "process"`, `mode = "async_process"`.
pub mod map_process {
    /// It is there.
    #[cfg(feature = "map-process")]
    pub const ENABLE_THE_CARGO_FEATURE_MAP_PROCESS_OF_OPERO: () = ();
}

/// `resume`.
pub mod map_journal {
    /// It is there.
    #[cfg(feature = "map-journal")]
    pub const ENABLE_THE_CARGO_FEATURE_MAP_JOURNAL_OF_OPERO: () = ();
}

/// `mode = "async"`.
pub mod map_async {
    /// It is there.
    #[cfg(feature = "map-async")]
    pub const ENABLE_THE_CARGO_FEATURE_MAP_ASYNC_OF_OPERO: () = ();
}

/// `mode = "thread"`.
pub mod map_thread {
    /// It is there.
    #[cfg(feature = "map-thread")]
    pub const ENABLE_THE_CARGO_FEATURE_MAP_THREAD_OF_OPERO: () = ();
}

/// `ctrl_c = true`.
pub mod ctrl_c {
    /// It is there.
    #[cfg(feature = "ctrl-c")]
    pub const ENABLE_THE_CARGO_FEATURE_CTRL_C_OF_OPERO: () = ();
}
