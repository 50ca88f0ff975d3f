//! A decorated function on a real backend that is not always well.

use std::convert::Infallible;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use opero::Error;

use super::{HANG, Trace};

pub(crate) type Answer = Result<String, Error<Infallible>>;

/// What every argument and every password holds, and no event and no error may.
pub(crate) const SECRET: &str = "s3cret";

/// Between two looks whether a server is noticed to be back, which nothing tells.
const PAUSE: Duration = Duration::from_millis(10);

/// What the function returns.
pub(crate) fn answer(word: &str) -> String {
    format!("{word}, answered")
}

/// A function, sync or async, of one test alone.
pub(crate) struct Subject {
    pub(crate) trace: Trace,
    pub(crate) call: fn(&str) -> Answer,
    pub(crate) backend: &'static OnceLock<String>,
}

impl Subject {
    /// Says where its backend is, before the first call.
    pub(crate) fn on(&self, backend: impl Into<String>) {
        self.backend.set(backend.into()).unwrap();
    }

    /// Calls, and gives the trace of it. The result is always right, and nothing that is shown holds a secret.
    pub(crate) fn call(&self, number: usize) -> Vec<String> {
        self.call_with(&word(number))
    }

    pub(crate) fn call_with(&self, word: &str) -> Vec<String> {
        let result = (self.call)(word);
        let lines = self.trace.take();
        let secret = lines.iter().find(|line| line.contains(SECRET));
        assert!(secret.is_none(), "{secret:?}");
        assert_eq!(result.unwrap(), answer(word));
        lines
    }

    /// Calls from several threads at once, and gives the trace of all.
    pub(crate) fn call_all(&self, threads: usize, calls: usize) -> Vec<String> {
        let call = self.call;
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    for number in 0..calls {
                        let word = word(1_000 + thread * calls + number);
                        assert_eq!(call(&word).unwrap(), answer(&word));
                    }
                });
            }
        });
        let lines = self.trace.take();
        assert!(!lines.iter().any(|line| line.contains(SECRET)));
        lines
    }

    /// A call that is rejected without having been executed, while `trouble` is reported.
    pub(crate) fn is_rejected(&self, number: usize, trouble: &str) {
        let error = (self.call)(&word(number)).unwrap_err();
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains(SECRET), "{shown}");
        let lines = self.trace.take();
        assert!(!lines.iter().any(|line| line.contains(SECRET)), "{lines:?}");
        assert!(!executed(&lines), "{lines:?}");
        let said = lines.iter().any(|line| line.contains(trouble));
        assert!(said, "no word of {trouble:?}: {lines:?}");
    }

    /// Calls until it is not rejected any more: its limiter comes back by itself.
    pub(crate) fn succeeds_again(&self, number: usize) {
        let started = Instant::now();
        while (self.call)(&word(number)).is_err() {
            assert!(started.elapsed() < HANG, "it never came back");
            std::thread::sleep(PAUSE);
        }
        self.trace.take();
    }

    /// A call that its cache answers.
    pub(crate) fn hit(&self, number: usize) {
        assert_eq!(self.call(number), ["cache_hit"]);
    }

    /// A call that executes, and whose result is kept.
    pub(crate) fn executes_and_keeps(&self, number: usize) {
        let lines = self.call(number);
        assert!(executed(&lines), "{lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("cache_stored"));
    }

    /// A call that executes, while `trouble` is reported.
    pub(crate) fn executes_in_spite_of(&self, number: usize, trouble: &str) {
        let lines = self.call(number);
        assert!(executed(&lines), "{lines:?}");
        let said = lines.iter().any(|line| line.contains(trouble));
        assert!(said, "no word of {trouble:?}: {lines:?}");
    }

    /// Calls until the cache answers again: it comes back by itself.
    pub(crate) fn comes_back(&self, number: usize) {
        let started = Instant::now();
        loop {
            let lines = self.call(number);
            if lines == ["cache_hit"] {
                return;
            }
            assert!(started.elapsed() < HANG, "it never came back: {lines:?}");
            std::thread::sleep(PAUSE);
        }
    }
}

fn word(number: usize) -> String {
    format!("{SECRET} {number}")
}

pub(crate) fn executed(lines: &[String]) -> bool {
    lines.iter().any(|line| line == "execution_ended 1.0 ok")
}

/// The runtime of async functions.
pub(crate) fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}

/// Runs each test with a synchronous and with an async function, decorated with the parameters in parentheses, the last of
/// which names the backend.
macro_rules! both_ways {
    ($parameters:tt $($test:ident)*) => {$(both_ways!(@ $test $parameters);)*};
    (@ $test:ident ($($parameters:tt)*)) => {
        mod $test {
            use std::sync::OnceLock;

            use opero::opero;

            use crate::support::{Answer, Subject, Trace, answer, runtime};

            static BLOCKING: OnceLock<String> = OnceLock::new();
            static ASYNCHRONOUS: OnceLock<String> = OnceLock::new();

            #[opero(retries = 0, $($parameters)* = BLOCKING.wait())]
            fn sync_function(word: &str) -> Answer {
                Ok(answer(word))
            }

            #[opero(retries = 0, $($parameters)* = ASYNCHRONOUS.wait())]
            async fn async_function(word: &str) -> Answer {
                tokio::task::yield_now().await;
                Ok(answer(word))
            }

            #[test]
            fn blocking() {
                super::$test(&Subject {
                    trace: Trace::of(concat!(module_path!(), "::sync_function")),
                    call: sync_function,
                    backend: &BLOCKING,
                });
            }

            #[test]
            fn asynchronous() {
                super::$test(&Subject {
                    trace: Trace::of(concat!(module_path!(), "::async_function")),
                    call: |word| runtime().block_on(async_function(word)),
                    backend: &ASYNCHRONOUS,
                });
            }
        }
    };
}

pub(crate) use both_ways;
