//! Threads that run the user's functions.

use std::env;
use std::thread::Builder;

/// The stack of a main thread that has no limit, and of one whose limit is not known.
const DEFAULT_STACK: usize = 8 << 20;

/// The largest stack, whatever the main thread's limit is.
const MAX_STACK: usize = 1 << 30;

/// Returns the builder of a thread with that name, and with the stack of [`stack_size`].
///
/// ```
/// let thread = opero_core::threads::builder("deep").spawn(|| 7).unwrap();
/// assert_eq!(thread.join().unwrap(), 7);
/// ```
pub fn builder(name: &str) -> Builder {
    Builder::new()
        .name(name.to_owned())
        .stack_size(stack_size())
}

/// Returns the size of the main thread's stack in bytes, so that a function which runs there runs on another thread, too.
///
/// On Linux it is the soft limit `RLIMIT_STACK`, at most 1 GiB; elsewhere, and where there is no limit, 8 MiB. A larger
/// `RUST_MIN_STACK` takes precedence. The system gives memory to a stack as it grows, so a large one costs nothing.
///
/// ```
/// assert!(opero_core::threads::stack_size() > 0);
/// ```
pub fn stack_size() -> usize {
    let least = env::var("RUST_MIN_STACK").ok();
    let least = least.and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    limit().unwrap_or(DEFAULT_STACK).min(MAX_STACK).max(least)
}

#[cfg(target_os = "linux")]
fn limit() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};

    usize::try_from(getrlimit(Resource::Stack).current?).ok()
}

#[cfg(not(target_os = "linux"))]
fn limit() -> Option<usize> {
    None
}

/// The `tracing` span around a caller, for what other threads and tasks do on its behalf (feature `tracing`; without it there
/// is none, and this costs nothing).
///
/// ```
/// use opero_core::threads::CallerSpan;
///
/// let caller = CallerSpan::current();
/// let thread = std::thread::spawn(move || caller.in_scope(|| 7));
/// assert_eq!(thread.join().unwrap(), 7);
/// ```
#[derive(Debug, Clone)]
pub struct CallerSpan {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl CallerSpan {
    /// Returns the span that is current on this thread.
    #[inline]
    pub fn current() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::Span::current(),
        }
    }

    /// Runs `work` with the caller's span as the current one.
    #[inline]
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        if !self.span.is_none() {
            return self.span.in_scope(work);
        }
        work()
    }
}
