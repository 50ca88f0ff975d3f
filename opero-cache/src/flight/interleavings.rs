//! Every interleaving that shuttle finds of leaders that complete, leave, fail, panic and are not polled, and of followers that give
//! up.
//!
//! `RUSTC_WORKSPACE_WRAPPER=$PWD/tests/with-shuttle cargo test -p opero-cache --lib flight`

use super::*;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

const SCHEDULES: usize = 3_000;
const CALLERS: usize = 4;

fn key() -> Key {
    Key::of(&1)
}

/// What the callers share.
#[derive(Default)]
struct Shared {
    flights: Flights,
    leaders: AtomicUsize,
    /// Callers that have ended.
    ended: AtomicUsize,
}

/// A call: leads or follows until it has a value. `lead` says what it does as the n-th leader.
async fn call(shared: &Shared, lead: impl Fn(usize) -> Outcome) -> Option<i32> {
    let leader = match shared.flights.join(key()) {
        Role::Lead(leader) => leader,
        Role::Alone => unreachable!("no call recurses here"),
        Role::Follow(follower) => match follower.await {
            Ok(Completion::Value(entry)) => return entry.value().copied(),
            Ok(_) => return None,
            Err(leader) => leader,
        },
    };
    let turn = shared.leaders.fetch_add(1, Ordering::SeqCst);
    let outcome = lead(turn);
    let pulse = leader.pulse();
    match outcome {
        // Its poll may end, and the next one be late.
        Outcome::Slow => pulse.watch(pin!(shuttle::future::yield_now())).await,
        // It is inside its poll all the time.
        _ => shuttle::future::yield_now().await,
    }
    match outcome {
        Outcome::Idle => {
            let mut waits = pin!(pulse.watch(Box::pin(std::future::pending::<()>())));
            let mut task = Context::from_waker(Waker::noop());
            assert!(waits.as_mut().poll(&mut task).is_pending());
            // Nothing polls it until the others have ended.
            while shared.ended.load(Ordering::SeqCst) < CALLERS - 1 {
                shuttle::thread::yield_now();
            }
            leader.complete(Completion::Value(Entry::new(7, None)));
            Some(7)
        }
        Outcome::Complete | Outcome::Slow => {
            leader.complete(Completion::Value(Entry::new(7, None)));
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
    Complete,
    Leave,
    Fail,
    Panic,
    /// Completes, and nothing polls it while the others wait.
    Idle,
    /// Completes, and looks as if nothing polled it.
    Slow,
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

/// Looks at the leaders, as the alarm does, until all callers have ended.
fn look(shared: &Shared) {
    while shared.ended.load(Ordering::SeqCst) < CALLERS {
        let flights: Vec<_> = lock(&shared.flights.table).values().cloned().collect();
        for flight in flights {
            flight.look();
        }
        shuttle::thread::yield_now();
    }
}

fn explore(lead: fn(usize) -> Outcome, impatient: usize, check: fn(leaders: usize, values: usize)) {
    explore_all(lead, impatient, false, check);
}

/// With `looks`, a thread looks at the leaders all the time.
fn explore_all(
    lead: fn(usize) -> Outcome,
    impatient: usize,
    looks: bool,
    check: fn(leaders: usize, values: usize),
) {
    shuttle::check_random(
        move || {
            let shared = Arc::new(Shared::default());
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    let shared = Arc::clone(&shared);
                    shuttle::thread::spawn(move || {
                        let value = shuttle::future::block_on(async {
                            let call = call(&shared, lead);
                            match caller < impatient {
                                true => give_up_after(2, call).await.flatten(),
                                false => call.await,
                            }
                        });
                        shared.ended.fetch_add(1, Ordering::SeqCst);
                        value
                    })
                })
                .collect();
            let looks = looks.then(|| {
                let shared = Arc::clone(&shared);
                shuttle::thread::spawn(move || look(&shared))
            });
            let values = callers
                .into_iter()
                .filter_map(|caller| caller.join().unwrap())
                .count();
            if let Some(looks) = looks {
                looks.join().unwrap();
            }
            // A hang would have been reported by shuttle, as a deadlock or as too many steps.
            assert_eq!(shared.flights.len(), 0, "a flight was left behind");
            check(shared.leaders.load(Ordering::SeqCst), values);
        },
        SCHEDULES,
    );
}

#[test]
fn everybody_gets_the_value() {
    explore(
        |_| Outcome::Complete,
        0,
        |_, values| assert_eq!(values, CALLERS),
    );
}

#[test]
fn a_leader_that_leaves_hands_over() {
    let lead = |turn| match turn {
        0 => Outcome::Leave,
        _ => Outcome::Complete,
    };
    explore(lead, 0, |_, values| assert_eq!(values, CALLERS - 1));
}

#[test]
fn a_leader_that_panics_hands_over() {
    let lead = |turn| match turn {
        0 => Outcome::Panic,
        _ => Outcome::Complete,
    };
    explore(lead, 0, |_, values| assert_eq!(values, CALLERS - 1));
}

#[test]
fn cancelled_callers_never_strand_the_others() {
    let lead = |turn| match turn {
        0 => Outcome::Leave,
        _ => Outcome::Complete,
    };
    explore(lead, 2, |_, values| assert!(values >= 1));
}

#[test]
fn an_outage_releases_everybody() {
    // Each caller ends; none of them waits for all the others' failures.
    explore(|_| Outcome::Fail, 1, |_, values| assert_eq!(values, 0));
}

#[test]
fn a_leader_that_nothing_polls_is_passed_over() {
    let lead = |turn| match turn {
        0 => Outcome::Idle,
        _ => Outcome::Complete,
    };
    explore_all(lead, 0, true, |leaders, values| {
        assert!(leaders >= 2);
        assert_eq!(values, CALLERS);
    });
}

#[test]
fn the_next_leader_may_leave_or_be_cancelled() {
    let lead = |turn| match turn {
        0 => Outcome::Idle,
        1 => Outcome::Leave,
        _ => Outcome::Complete,
    };
    explore_all(lead, 0, true, |_, values| assert_eq!(values, CALLERS - 1));
    // Cancelled callers, beside leaders that look idle. Shuttle reports a hang.
    let lead = |turn| match turn {
        0 => Outcome::Leave,
        _ => Outcome::Slow,
    };
    explore_all(lead, 2, true, |_, _| {});
}

#[test]
fn leaders_that_look_idle_strand_no_other() {
    // Some of them run on their own in the end.
    explore_all(
        |_| Outcome::Slow,
        0,
        true,
        |leaders, values| {
            assert!(leaders >= 1 && values >= 1);
        },
    );
}
