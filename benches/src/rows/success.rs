//! The price of retries, fallback and limit where nothing goes wrong.

use super::{Entry, Subjects, runtime};
use crate::harness::Subject;
use crate::ours;
use crate::peers::{backon, hand_written, tower};
use crate::workload::quota;

pub(super) const ROWS: [Entry; 2] = [("success/retry", retry), ("success/stack", stack)];

fn retry() -> Subjects {
    let runtime = runtime()?;
    let backon = backon::Retry::new();
    let mut tower = tower::retry();
    Ok(vec![
        Subject::asynchronous("opero", &runtime, |n| n, ours::success::retry),
        Subject::asynchronous("hand-written", &runtime, |n| n, hand_written::retry),
        Subject::asynchronous(
            "backon",
            &runtime,
            |n| n,
            async move |n| backon.call(n).await,
        ),
        Subject::asynchronous(
            "tower-resilience",
            &runtime,
            |n| n,
            async move |n| tower::call(&mut tower, n).await.is_ok(),
        ),
    ])
}

fn stack() -> Subjects {
    let runtime = runtime()?;
    let monotonic = hand_written::Stack::monotonic(quota());
    let quanta = hand_written::Stack::quanta(quota());
    let backon = backon::Stack::new(quota());
    let mut tower = tower::stack()?;
    Ok(vec![
        Subject::asynchronous("opero", &runtime, |n| n, ours::success::stack),
        Subject::asynchronous(
            "hand-written",
            &runtime,
            |n| n,
            async move |n| monotonic.call(n).await,
        ),
        Subject::asynchronous(
            "hand-written-quanta",
            &runtime,
            |n| n,
            async move |n| quanta.call(n).await,
        ),
        Subject::asynchronous(
            "backon",
            &runtime,
            |n| n,
            async move |n| backon.call(n).await,
        ),
        Subject::asynchronous(
            "tower-resilience",
            &runtime,
            |n| n,
            async move |n| tower::call(&mut tower, n).await.is_ok(),
        ),
    ])
}
