//! The one table of the parameters of `#[opero]` and `#[operomap]`: their names, types, defaults and documentation.
//!
//! The attributes, `PipelineConfig`, its TOML and JSON and the builder are made from it. A row without a default may be
//! left out.

/// A parameter that takes a plain value.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// As it is written.
    pub name: &'static str,
    /// Returns `true` if it is on or off.
    pub is_flag: bool,
}

/// Calls a macro with the table.
#[doc(hidden)]
#[macro_export]
macro_rules! parameters {
    ($callback:ident) => { $callback! {
        // Of both attributes, the builder, TOML and JSON.
        values {
            /// Looks the result up first; only `Ok` is kept, errors never (default `true`).
            cache: bool = true;
            /// How long an entry lives; `"forever"` for no expiry (default an hour).
            cache_ttl: Time = Time::Seconds(3_600.0);
            /// How long past `cache_ttl` an entry may still serve: to the callers that come while one refreshes it, and when the
            /// closure fails (default not at all). A call that owns what it needs
            /// ([`call_owned`](crate::Pipeline::call_owned)) is refreshed in the background, as is the attribute's; otherwise
            /// the caller that refreshes it waits.
            cache_stale: Time;
            /// The last part of `cache_ttl`, in which an entry serves and is refreshed early, as by `cache_stale` (default none).
            cache_refresh: Time;
            /// A registered cache backend's name or URL (default `"memory"`).
            cache_backend: String = "memory".to_owned();
            /// The first part of every key (default `"opero"`).
            cache_namespace: String = "opero".to_owned();
            /// Entries that are kept, in memory or on a disk, the least valuable evicted (default 10,000). A redis server has its
            /// own bound.
            cache_capacity: u64 = 10_000;
            /// Further attempts after the first (default 3).
            retries: u32 = 3;
            /// Growth of the delay (default 1.5).
            backoff_factor: f64 = 1.5;
            /// The first delay, and the least (default 0.1 s).
            min_delay: Time = Time::Seconds(0.1);
            /// The cap of the delays, jitter included (default 30 s).
            max_delay: Time = Time::Seconds(30.0);
            /// Full jitter between `min_delay` and the computed delay, or half of `min_delay` above it where that is more; and up
            /// to a fifth on top of a hint (default `true`).
            jitter: bool = true;
            /// No new attempt starts past it, and no delay overshoots it (default none). An attempt that is under way runs on:
            /// only `attempt_timeout` stops one.
            max_elapsed: Time;
            /// One attempt's time, for async calls (default none).
            attempt_timeout: Time;
            /// Starts per second, or a text such as `"100/min"` (default none).
            rate_limit: Rate;
            /// Starts that may come at once (default 1).
            rate_burst: u32 = 1;
            /// A registered limiter backend's name or URL (default `"local"`).
            rate_backend: String = "local".to_owned();
            /// A call that would wait longer for a permit is rejected instead (default none).
            rate_max_wait: Time;
        }
        // Of both attributes, the builder and its calls. A text cannot hold them.
        code {
            cache_key, cache_if, retry_on, retry_after, arg_fallback, fallback_on, rate_key, rate_cost, outside, inside,
        }
        // About the function that `#[opero]` makes, and about the output of both attributes.
        expansion { handle, crate }
        // Of `#[operomap]` and a run.
        run {
            mode: String, workers: usize, ordered: bool, progress: bool, item_timeout: Time, on_error: String,
            timeline: bool, ctrl_c: bool, resume: String, resume_failed: bool, resume_name: String,
            resume_version: String, worker_in_flight: usize, worker_memory: u64, worker_recycle_after: u64,
            worker_recycle_above: u64,
        }
        // Of `#[operomap]`.
        worker { worker_init }
    } };
}

macro_rules! lists {
    (
        values { $($(#[$doc:meta])* $value:ident: $value_type:ident $(= $default:expr)?;)* }
        code { $($code:ident,)* }
        expansion { $($expansion:ident),* }
        run { $($run:ident: $run_type:ident,)* }
        worker { $($worker:ident),* }
    ) => {
        /// Plain values of a pipeline.
        pub const VALUES: &[Parameter] = &[$(row(stringify!($value), stringify!($value_type)),)*];
        /// Closures, arguments and stages of a pipeline.
        pub const CODE: &[&str] = &[$(stringify!($code)),*];
        /// What only an attribute takes: about what it makes.
        pub const EXPANSION: &[&str] = &[$(stringify!($expansion)),*];
        /// Plain values of a map's run.
        pub const RUN: &[Parameter] = &[$(row(stringify!($run), stringify!($run_type)),)*];
        /// What only `#[operomap]` takes: a function for worker processes.
        pub const WORKER: &[&str] = &[$(stringify!($worker)),*];
    };
}
parameters!(lists);

const fn row(name: &'static str, of: &str) -> Parameter {
    Parameter {
        name,
        is_flag: matches!(of.as_bytes(), b"bool"),
    }
}
