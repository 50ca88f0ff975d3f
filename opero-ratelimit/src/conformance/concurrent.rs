//! The promises that only several callers, or dropped ones, can see.

use std::future::poll_fn;
use std::num::NonZeroU32;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use opero_core::{Key, block_on};

use super::bench::{Bench, Grant, exceeded, quota};
use super::promises::expect;
use crate::Verdict;

const THREADS: usize = 8;

pub(super) fn threads(bench: &Bench<'_>) -> Result<(), String> {
    // Without a burst, with one, and with one that is worth taking in blocks.
    for (micros, burst, each) in [(2_000, 1, 10), (2_000, 10, 20), (500, 200, 100)] {
        let quota = quota(Duration::from_micros(micros), burst)?;
        let limiter = bench.limiter_of(quota, &format!("threads {burst}"))?;
        for key in [None, Some(Key::stable(7))] {
            let caller = || (0..each).map(|_| limiter.wait_for(key)).collect();
            let results: Vec<Result<Vec<Grant>, String>> = thread::scope(|scope| {
                let callers: Vec<_> = (0..THREADS).map(|_| scope.spawn(caller)).collect();
                let ends = callers.into_iter().map(thread::ScopedJoinHandle::join);
                ends.map(|end| end.unwrap_or_else(|_| Err("it panicked".to_owned())))
                    .collect()
            });
            let grants: Vec<_> = results.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
            exceeded(&quota, &grants)?;
        }
    }
    Ok(())
}

pub(super) fn dropped(bench: &Bench<'_>) -> Result<(), String> {
    const NEVER: Duration = Duration::from_secs(1_000);
    let three = NonZeroU32::MIN.saturating_add(2);
    for polls in 0..4 {
        let limiter = bench.limiter_of(quota(NEVER, 5)?, &format!("dropped {polls}"))?;
        if limiter.backend.try_acquire(None, three) != Verdict::NeedsAsync {
            return Ok(());
        }
        block_on(async {
            let mut request = limiter.backend.acquire(None, three);
            for _ in 0..polls {
                let over = poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx).is_ready())).await;
                if over {
                    break;
                }
            }
        });
        let left = limiter.drain(None)?;
        let what =
            format!("after one request for 3 of 5 was dropped, {left} are left: neither 5 nor 2");
        expect(left == 5 || left == 2, &what)?;
    }
    Ok(())
}
