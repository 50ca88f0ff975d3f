//! What an attribute uses that a Cargo feature adds. It mentions the item below, so that a missing
//! feature is a compile error with the feature's name in it, to which the compiler adds that the
//! item is "gated behind the feature".
//!
//! Each is in a module of its own: beside the others, the compiler would propose the one with the
//! most similar name.

macro_rules! features {
    ($($(#[$doc:meta])* $module:ident, $feature:literal, $item:ident;)+) => {$(
        $(#[$doc])*
        pub mod $module {
            /// It is there.
            #[cfg(feature = $feature)]
            pub const $item: () = ();
        }
    )+};
}

features! {
    /// `cache_backend = "memory"`, the default.
    cache_memory, "cache-memory", ENABLE_THE_CARGO_FEATURE_CACHE_MEMORY_OF_OPERO;
    /// `cache_backend = "quick"`.
    cache_quick, "cache-quick", ENABLE_THE_CARGO_FEATURE_CACHE_QUICK_OF_OPERO;
    /// `cache_backend = "disk"`.
    cache_disk, "cache-disk", ENABLE_THE_CARGO_FEATURE_CACHE_DISK_OF_OPERO;
    /// `cache_backend = "redb"`.
    cache_redb, "cache-redb", ENABLE_THE_CARGO_FEATURE_CACHE_REDB_OF_OPERO;
    /// `cache_backend = "redis"`, `rate_backend = "redis"`.
    redis, "redis", ENABLE_THE_CARGO_FEATURE_REDIS_OF_OPERO;
    /// A cache backend of the user's.
    cache, "cache", ENABLE_THE_CARGO_FEATURE_CACHE_OF_OPERO;
    /// `retries`, fallback lists, `attempt_timeout`.
    retry, "retry", ENABLE_THE_CARGO_FEATURE_RETRY_OF_OPERO;
    /// `rate_limit`.
    ratelimit, "ratelimit", ENABLE_THE_CARGO_FEATURE_RATELIMIT_OF_OPERO;
    /// `mode = "process"`, `mode = "async_process"`.
    map_process, "map-process", ENABLE_THE_CARGO_FEATURE_MAP_PROCESS_OF_OPERO;
    /// `resume`.
    map_journal, "map-journal", ENABLE_THE_CARGO_FEATURE_MAP_JOURNAL_OF_OPERO;
}
