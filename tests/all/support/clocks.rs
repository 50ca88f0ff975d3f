use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use opero::extend::Clock;
use opero::extend::SystemClock;
use opero::opero_core::sync::lock;

/// Runs a test whose decorated functions go by `clock`.
///
/// A decorated function keeps the clock that the process has at its first call. So tests with such functions run one
/// after the other, and each has its own functions.
pub(crate) fn with_clock<R>(clock: impl Clock, test: impl FnOnce() -> R) -> R {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = lock(&TURN);
    opero::set_clock(clock);
    let result = test();
    opero::set_clock(SystemClock);
    result
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
