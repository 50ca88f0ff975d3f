//! Every interleaving that shuttle finds of leaders that land, leave, fail and panic, and followers that give up.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test -p opero-cache --lib flight`

use super::*;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

const SCHEDULES: usize = 3_000;
const CALLERS: usize = 4;

fn key() -> Key {
    Key::of(&1)
}

/// A call: leads or follows until it has a value. `lead` says what it does as the n-th leader.
async fn call(
    flights: &Flights,
    leaders: &AtomicUsize,
    lead: impl Fn(usize) -> Outcome,
) -> Option<i32> {
    let leader = match flights.join(key()) {
        Role::Lead(leader) => leader,
        Role::Alone => unreachable!("nobody recurses here"),
        Role::Follow(follower) => match follower.await {
            Ok(Landing::Value(entry)) => return entry.value().copied(),
            Ok(_) => return None,
            Err(leader) => leader,
        },
    };
    let turn = leaders.fetch_add(1, Ordering::SeqCst);
    shuttle::future::yield_now().await;
    match lead(turn) {
        Outcome::Land => {
            leader.land(Landing::Value(Entry::new(7, None)));
            Some(7)
        }
        Outcome::Leave => None,
        Outcome::Fail => {
            leader.fail();
            None
        }
        Outcome::Panic => {
            let _ = catch_unwind(AssertUnwindSafe(move || {
                let _leader = leader;
                panic!("the function panics");
            }));
            None
        }
    }
}

enum Outcome {
    Land,
    Leave,
    Fail,
    Panic,
}

/// Polls `future` at most `polls` times, then drops it: a caller that is cancelled while it waits.
async fn give_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        let result = future.as_mut().poll(cx).map(Some);
        // Polled again without being woken, so that giving up does not depend on a wake-up.
        cx.waker().wake_by_ref();
        result
    })
    .await
}

fn explore(lead: fn(usize) -> Outcome, impatient: usize, check: fn(leaders: usize, values: usize)) {
    shuttle::check_random(
        move || {
            let flights = Arc::new(Flights::default());
            let leaders = Arc::new(AtomicUsize::new(0));
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    let (flights, leaders) = (Arc::clone(&flights), Arc::clone(&leaders));
                    shuttle::thread::spawn(move || {
                        shuttle::future::block_on(async move {
                            let call = call(&flights, &leaders, lead);
                            match caller < impatient {
                                true => give_up_after(2, call).await.flatten(),
                                false => call.await,
                            }
                        })
                    })
                })
                .collect();
            let values = callers
                .into_iter()
                .filter_map(|caller| caller.join().unwrap())
                .count();
            // A hang would have been reported by shuttle as a deadlock.
            assert_eq!(flights.len(), 0, "a flight was left behind");
            check(leaders.load(Ordering::SeqCst), values);
        },
        SCHEDULES,
    );
}

#[test]
fn everybody_gets_the_value() {
    explore(
        |_| Outcome::Land,
        0,
        |_, values| assert_eq!(values, CALLERS),
    );
}

#[test]
fn a_leader_that_leaves_hands_over() {
    let lead = |turn| match turn {
        0 => Outcome::Leave,
        _ => Outcome::Land,
    };
    explore(lead, 0, |_, values| assert_eq!(values, CALLERS - 1));
}

#[test]
fn a_leader_that_panics_hands_over() {
    let lead = |turn| match turn {
        0 => Outcome::Panic,
        _ => Outcome::Land,
    };
    explore(lead, 0, |_, values| assert_eq!(values, CALLERS - 1));
}

#[test]
fn cancelled_callers_never_strand_the_others() {
    let lead = |turn| match turn {
        0 => Outcome::Leave,
        _ => Outcome::Land,
    };
    explore(lead, 2, |_, values| assert!(values >= 1));
}

#[test]
fn an_outage_releases_everybody() {
    // Each caller ends; none of them waits for all the others' failures.
    explore(|_| Outcome::Fail, 1, |_, values| assert_eq!(values, 0));
}
