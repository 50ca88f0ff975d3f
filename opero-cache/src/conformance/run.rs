//! Running promises: each with a backend to itself, under names of its own, cleared when it ends.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use opero_core::stable::KeySpace;
use opero_core::{Backend, BackendError, ConfigError, Key, block_on};

use super::Failure;
use crate::timeout::within;
use crate::{ByteStore, CacheBackend, CacheOptions};

/// What a promise was seen to be: kept, or what went wrong.
pub(super) type Seen = Result<(), String>;

/// A promise as a sentence, and how it is tried.
pub(super) type Promise<B> = (&'static str, fn(&Opener<'_, B>) -> Seen);

pub(super) type Open<'a, B> = dyn Fn(&CacheOptions) -> Result<Arc<B>, ConfigError> + 'a;

/// Returns what was seen, unless it is as promised.
macro_rules! ensure {
    ($kept:expr, $($seen:tt)+) => {
        if !$kept {
            return Err(format!($($seen)+));
        }
    };
}
pub(super) use ensure;

/// An operation that takes longer than this hangs, and what has not happened by then does not happen.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens backends for one promise.
pub(super) struct Opener<'a, B: ?Sized> {
    open: &'a Open<'a, B>,
    namespace: String,
    opened: RefCell<Vec<Arc<B>>>,
}

impl<B: ?Sized> Opener<'_, B> {
    /// A backend for a function, with room for all that a promise puts there.
    pub(super) fn open(&self) -> Result<Arc<B>, String> {
        self.open_for("", "function")
    }

    /// A backend for a function of that name; `namespace` is a part of the namespace.
    pub(super) fn open_for(&self, namespace: &str, function: &str) -> Result<Arc<B>, String> {
        let namespace = format!("{}{namespace}", self.namespace);
        let options = CacheOptions::default()
            .with_namespace(&namespace)
            .with_function(function);
        self.open_with(&options)
    }

    pub(super) fn open_with(&self, options: &CacheOptions) -> Result<Arc<B>, String> {
        let backend = (self.open)(options).map_err(|error| format!("does not open: {error}"))?;
        self.opened.borrow_mut().push(Arc::clone(&backend));
        Ok(backend)
    }
}

pub(super) fn run<'p, B>(
    promises: impl Iterator<Item = &'p Promise<B>>,
    open: &Open<'_, B>,
) -> Result<(), Failure>
where
    B: Clearing + ?Sized + 'static,
{
    let mut failure = Failure {
        backend: String::new(),
        broken: Vec::new(),
    };
    for (promise, hold) in promises {
        let opener = Opener {
            open,
            namespace: unique(),
            opened: RefCell::default(),
        };
        let seen = catch_unwind(AssertUnwindSafe(|| hold(&opener)));
        let seen = seen.unwrap_or_else(|panic| Err(format!("panicked: {}", message(&*panic))));
        // A backend that breaks its promises may break here too, which says nothing new.
        for backend in opener.opened.into_inner() {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                if failure.backend.is_empty() {
                    backend.scheme().clone_into(&mut failure.backend);
                }
                let _ = answer("clear", backend.clearing());
                let _ = answer("close", backend.close());
            }));
        }
        if let Err(seen) = seen {
            failure.broken.push((promise, seen));
        }
    }
    match failure.broken.as_slice() {
        [] => Ok(()),
        _ => Err(failure),
    }
}

/// What a backend of either kind is left with.
pub(super) trait Clearing: Backend {
    fn clearing(&self) -> impl Future<Output = Result<(), BackendError>>;
}

impl Clearing for dyn CacheBackend {
    fn clearing(&self) -> impl Future<Output = Result<(), BackendError>> {
        self.clear()
    }
}

impl Clearing for dyn ByteStore {
    fn clearing(&self) -> impl Future<Output = Result<(), BackendError>> {
        self.clear()
    }
}

/// What a backend answers, driven as a synchronous function drives it.
pub(super) fn answer<T>(
    operation: &str,
    asked: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, String> {
    block_on(within(Some(ANSWER_TIMEOUT), asked))
        .map_err(|error| format!("`{operation}` fails: {error}"))
}

/// Asks until it is so, for what a backend may do soon after.
pub(super) fn eventually(mut is_so: impl FnMut() -> Result<bool, String>) -> Result<bool, String> {
    let end = Instant::now() + ANSWER_TIMEOUT;
    while !is_so()? {
        if Instant::now() > end {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

/// A key like those of calls, with every bit at random.
pub(super) fn key(number: u64) -> Key {
    KeySpace::new(&["conformance"]).key(&number.to_le_bytes())
}

/// A namespace that no other run has used, also on a server that many share.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    format!("conformance-{process}-{}-{number}", time.as_nanos())
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message")
}

/// The same sequence in every run, so that what is found is found again.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Below `end`. (xorshift64*)
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % end
    }
}
