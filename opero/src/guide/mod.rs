//! The guide: how to use opero, one page a subject.
//!
//! | page | about |
//! |---|---|
//! | [quick start](quick_start) | install it; one function; many inputs; a program that resumes |
//! | [cache] | keys, time to live, backends, single-flight, stale values, the handle |
//! | [retry and fallback](retry_and_fallback) | backoff, hints, time limits, fallback values |
//! | [rate limit](rate_limit) | permits, keys and costs, one limit for many processes |
//! | [maps] | `#[operomap]`: ways to begin a run, modes, inputs |
//! | [processes] | worker processes: crashes, limits of time and memory |
//! | [resuming] | runs that continue after a kill |
//! | [stopping and watching](stopping_and_watching) | failures, Ctrl-C, progress, reports, events |
//! | [errors] | which error type a function needs, and what it holds |
//! | [failure] | what happens when a server, a disk or a process fails |
//! | [testing] | tests without waiting |
//! | [configuration] | every parameter; Cargo features; the builder, TOML and JSON |
//! | [backends] | a cache or a limiter of your own |
//! | [stages] | a stage of your own |
//! | [performance] | measured speed, and the commands that measure it |
//! | [migration] | from the Python package `opero` |
//! | [coming from](coming_from) | cached, backon, governor, tower, joblib, LiteLLM |
//!
//! Each example compiles as a test; those that need a server or worker processes are not run. Those
//! of other libraries are not compiled.

/// A page is a module without items. `links.md` goes first: its link targets win over those at the
/// end of a page, which are for readers of the file. Line numbers of examples count from its start.
macro_rules! pages {
    ($($page:ident)*) => {$(
        #[doc = include_str!("links.md")]
        #[doc = include_str!(concat!(stringify!($page), ".md"))]
        pub mod $page {}
    )*};
}

pages! {
    quick_start
    cache
    retry_and_fallback
    rate_limit
    maps
    processes
    resuming
    stopping_and_watching
    errors
    failure
    testing
    configuration
    backends
    stages
    performance
    migration
    coming_from
}
