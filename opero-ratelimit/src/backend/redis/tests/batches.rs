use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use opero_core::Key;

use super::super::batches::{Batches, Fetch, Plan};
use super::super::gcra::{Gcra, Reply};
use super::server::Server;
use crate::Quota;

const MS: u64 = 1_000_000;
/// The server's now, at the process's 0.
const NOW: u64 = 1_800_000_000_000_000_000;

fn gcra() -> Gcra {
    Gcra::new(
        Quota::each(Duration::from_millis(1))
            .with_burst(100)
            .unwrap(),
        4,
    )
}

/// Batches that have grown to their full size.
fn grown() -> Batches {
    let batches = Batches::new(gcra());
    let granted = Reply {
        granted: true,
        now: NOW,
        first: NOW,
    };
    for _ in 0..200 {
        batches.single(None, 1, &granted, 0, 0);
    }
    batches
}

fn fetch(batches: &Batches) -> Fetch<'_> {
    match batches.plan(None, 1, 0) {
        Plan::Fetch(fetch) => fetch,
        _ => panic!("there is nothing in hand, and no caller fetches"),
    }
}

fn round(plan: &Plan<'_>) -> u64 {
    match plan {
        Plan::Follow(round) => *round,
        _ => panic!("a caller fetches, and there is room"),
    }
}

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn one_fetches_for_as_many_as_the_block_will_do_for() {
    let batches = grown();
    let fetch = fetch(&batches);
    assert_eq!(fetch.order.size, 4);
    let followers: Vec<_> = (0..3).map(|_| round(&batches.plan(None, 1, 0))).collect();
    assert!(
        matches!(batches.plan(None, 1, 0), Plan::Single),
        "the batch is spoken for"
    );

    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut cx = Context::from_waker(&waker);
    let mut follower = pin!(batches.fetched(None, followers[0], 0));
    assert!(follower.as_mut().poll(&mut cx).is_pending());
    let answer = Server::default().decide(NOW, gcra().batch(fetch.order));
    fetch.answered(&answer, 0, MS);
    assert!(bell.0.load(Ordering::SeqCst) >= 1);
    assert!(follower.as_mut().poll(&mut cx).is_ready());
    assert!(matches!(batches.plan(None, 1, MS), Plan::Admitted));
}

#[test]
fn a_fetch_that_is_dropped_hands_over() {
    let batches = grown();
    let fetch_one = fetch(&batches);
    let round = round(&batches.plan(None, 1, 0));
    drop(fetch_one);
    let mut cx = Context::from_waker(Waker::noop());
    let followed = pin!(batches.fetched(None, round, 0)).poll(&mut cx);
    assert_eq!(followed, Poll::Ready(true));
    // The next one is smaller: what was lost may have been taken.
    assert!(fetch(&batches).order.size < 4);
}

#[test]
fn a_fetch_that_nobody_drives_holds_nobody_up_for_long() {
    let batches = grown();
    let _fetch = fetch(&batches);
    let round = round(&batches.plan(None, 1, 0));
    assert!(!opero_core::block_on(batches.fetched(None, round, 0)));
}

#[test]
fn a_flood_of_keys_takes_no_more_memory_and_is_forgotten() {
    let batches = Batches::new(gcra());
    let denied = Reply {
        granted: false,
        now: NOW,
        first: NOW + 1_000 * MS,
    };
    let key = |number: u32| Some(Key::of(&number));
    for number in 0..100_000 {
        assert!(matches!(batches.plan(key(number), 1, 0), Plan::Single));
        batches.single(key(number), 1, &denied, 0, 0);
    }
    assert!(batches.keys() <= 16 * 1_024, "{}", batches.keys());
    // Once they say nothing any more, others have their room.
    let later = 2_000 * MS;
    let granted = Reply {
        granted: true,
        ..denied
    };
    for _ in 0..200 {
        batches.single(key(1_000_000), 1, &granted, later, later);
    }
    assert!(matches!(
        batches.plan(key(1_000_000), 1, later),
        Plan::Fetch(_)
    ));
}
