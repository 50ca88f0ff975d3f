use std::collections::BTreeMap;
use std::task::Poll;
use std::time::Duration;

use opero_core::ManualClock;
use opero_ratelimit::RateLimitConfig;

use crate::support::{Call, call, local, poll, quota};

const SECOND: Duration = Duration::from_secs(1);

/// Each second, polls every call and notes which one started.
fn run_out(clock: &ManualClock, calls: &mut BTreeMap<usize, Call<'_>>) -> Vec<(u64, usize)> {
    let mut starts = Vec::new();
    for second in 1..=10 {
        clock.advance(SECOND);
        // Twice, so that the call that inherits a turn is asked, too.
        for _ in 0..2 {
            calls.retain(|id, call| match poll(call.as_mut()) {
                Poll::Ready(result) => {
                    result.unwrap();
                    starts.push((second, *id));
                    false
                }
                Poll::Pending => true,
            });
        }
    }
    starts
}

#[test]
fn a_call_dropped_at_any_await_point_costs_the_others_nothing() {
    for victim in 0..4 {
        // Not polled at all, on its way to the queue, in it; and with or without the time having come.
        for (polls, late) in [(0, false), (1, false), (2, false), (1, true), (3, true)] {
            let clock = ManualClock::new();
            let limit = local(RateLimitConfig::new(quota(SECOND, 1)).with_clock(clock.clone()));
            limit.acquire_sync(1).unwrap();
            let mut calls: BTreeMap<usize, Call<'_>> = (0..4)
                .map(|id| (id, call(&limit, &clock, None, 1)))
                .collect();
            for (id, call) in &mut calls {
                let polls = if *id == victim { polls } else { 1 };
                for _ in 0..polls {
                    assert!(poll(call.as_mut()).is_pending());
                }
            }
            let mut skipped = 0;
            if late {
                // The permit is there, and dropped is who should have it, before it was asked.
                clock.advance(SECOND);
                skipped = 1;
            }
            calls.remove(&victim);
            if late {
                // The present head takes that permit.
                let first = calls.keys().next().copied().unwrap();
                assert!(poll(calls.get_mut(&first).unwrap().as_mut()).is_ready());
                calls.remove(&first);
            }
            let left: Vec<_> = calls.keys().copied().collect();
            let starts = run_out(&clock, &mut calls);
            let expected: Vec<_> = (1..).zip(left).collect();
            assert_eq!(
                starts, expected,
                "victim {victim}, polls {polls}, skipped {skipped}"
            );
            assert_eq!((limit.waiting(), clock.sleepers()), (0, 0));
        }
    }
}

#[test]
fn all_dropped_at_once_leave_nothing() {
    let clock = ManualClock::new();
    let limit = local(RateLimitConfig::new(quota(SECOND, 1)).with_clock(clock.clone()));
    let mut calls: Vec<_> = (0..100)
        .map(|id| call(&limit, &clock, Some(id % 3), 1))
        .collect();
    for call in &mut calls {
        let _ = poll(call.as_mut());
    }
    assert_eq!(limit.waiting(), 97);
    drop(calls);
    assert_eq!((limit.waiting(), clock.sleepers()), (0, 0));
    clock.advance(SECOND);
    assert!(poll(call(&limit, &clock, Some(0), 1).as_mut()).is_ready());
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_passes_its_turn_on() {
    let limit = std::sync::Arc::new(local(RateLimitConfig::new(quota(SECOND, 1))));
    limit.acquire(1).await.unwrap();
    let wait = |limit: &std::sync::Arc<opero_ratelimit::RateLimit>| {
        let limit = std::sync::Arc::clone(limit);
        tokio::spawn(async move { limit.acquire(1).await })
    };
    let (first, second) = (wait(&limit), wait(&limit));
    while limit.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    first.abort();
    second.await.unwrap().unwrap();
    assert_eq!(limit.waiting(), 0);
}
