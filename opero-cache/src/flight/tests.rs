use super::*;
use opero_core::block_on;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

fn key() -> Key {
    Key::of(&1)
}

fn leader(flights: &Flights) -> Leader<'_> {
    match flights.join(key()) {
        Role::Lead(leader) => leader,
        other => panic!("{other:?}"),
    }
}

fn follower(flights: &Flights) -> Pin<Box<Follower<'_>>> {
    match flights.join(key()) {
        Role::Follow(follower) => Box::pin(follower),
        other => panic!("{other:?}"),
    }
}

fn value(completion: &Completion) -> i32 {
    match completion {
        Completion::Value(entry) => *entry.value::<i32>().unwrap(),
        _ => panic!("no value"),
    }
}

fn poll<'a>(follower: &mut Pin<Box<Follower<'a>>>) -> Poll<Result<Completion, Leader<'a>>> {
    follower
        .as_mut()
        .poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn followers_receive_what_the_leader_is_completed() {
    let flights = Flights::default();
    let leader = leader(&flights);
    let (mut one, two) = (follower(&flights), follower(&flights));
    assert!(poll(&mut one).is_pending());
    leader.complete(Completion::Value(Entry::new(7, None)));
    assert_eq!(value(&block_on(one).unwrap()), 7);
    assert_eq!(value(&block_on(two).unwrap()), 7);
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_leader_that_leaves_hands_over() {
    let flights = Flights::default();
    let leader = leader(&flights);
    let mut one = follower(&flights);
    assert!(poll(&mut one).is_pending());
    drop(leader);
    let Poll::Ready(Err(next)) = poll(&mut one) else {
        panic!("no lead");
    };
    next.complete(Completion::Value(Entry::new(7, None)));
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_leader_without_followers_leaves_nothing_behind() {
    let flights = Flights::default();
    drop(leader(&flights));
    assert_eq!(flights.len(), 0);
}

#[test]
fn followers_that_leave_a_vacant_flight_leave_nothing_behind() {
    let flights = Flights::default();
    let leader = leader(&flights);
    let (mut one, mut two) = (follower(&flights), follower(&flights));
    assert!(poll(&mut one).is_pending());
    assert!(poll(&mut two).is_pending());
    drop(leader);
    // The wake-up went to the first; it leaves, and the second must be able to lead.
    drop(one);
    assert!(matches!(poll(&mut two), Poll::Ready(Err(_))));
    drop(two);
    assert_eq!(flights.len(), 0);
}

#[test]
fn two_failures_in_a_row_release_everybody() {
    let flights = Flights::default();
    let first = leader(&flights);
    let (one, two) = (follower(&flights), follower(&flights));
    first.fail();
    let Err(second) = block_on(one) else {
        panic!("no lead");
    };
    second.fail();
    assert!(matches!(block_on(two), Ok(Completion::Outage)));
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_call_inside_its_own_leader_runs_alone() {
    let flights = Flights::default();
    let leader = leader(&flights);
    let inside = pin!(leader.execute(async { matches!(flights.join(key()), Role::Alone) }));
    assert!(block_on(inside));
    // Outside of the poll it is an ordinary follower again.
    assert!(matches!(flights.join(key()), Role::Follow(_)));
}

/// A leader that waits, polled `polls` times in all; its future is kept.
fn waiting<'f>(leader: &Leader<'_>) -> Pin<Box<dyn Future<Output = ()> + 'f>> {
    let pulse = leader.pulse();
    let mut waits: Pin<Box<dyn Future<Output = ()>>> =
        Box::pin(async move { pulse.watch(Box::pin(std::future::pending())).await });
    poll_once(&mut waits);
    waits
}

fn poll_once(future: &mut Pin<Box<dyn Future<Output = ()> + '_>>) {
    let mut task = Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut task).is_pending());
}

fn look(flights: &Flights) {
    let flight = Arc::clone(lock(&flights.table).get(&key()).unwrap());
    flight.look();
}

#[test]
fn a_leader_that_nothing_polls_is_passed_over() {
    let flights = Flights::default();
    let idle = leader(&flights);
    let _waits = waiting(&idle);
    let (mut one, mut two) = (follower(&flights), follower(&flights));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    look(&flights);
    assert!(poll(&mut one).is_pending());
    look(&flights);
    let Poll::Ready(Err(next)) = poll(&mut one) else {
        panic!("no lead");
    };
    assert!(next.is_from_idle() && poll(&mut two).is_pending());
    // Its failure concerns no other call any more.
    idle.complete(Completion::Outage);
    assert!(poll(&mut two).is_pending());
    next.complete(Completion::Value(Entry::new(7, None)));
    assert_eq!(value(&block_on(two).unwrap()), 7);
    assert_eq!(flights.len(), 0);
}

#[test]
fn the_value_of_a_leader_that_was_passed_over_counts() {
    let flights = Flights::default();
    let idle = leader(&flights);
    let _waits = waiting(&idle);
    let (mut one, mut two) = (follower(&flights), follower(&flights));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    look(&flights);
    look(&flights);
    let Poll::Ready(Err(next)) = poll(&mut one) else {
        panic!("no lead");
    };
    idle.complete(Completion::Value(Entry::new(7, None)));
    assert_eq!(value(&block_on(two).unwrap()), 7);
    // A new flight is none of the late leader's.
    let newer = leader(&flights);
    next.complete(Completion::Value(Entry::new(8, None)));
    assert_eq!(flights.len(), 1);
    drop(newer);
}

#[test]
fn a_slow_leader_is_not_passed_over() {
    let flights = Flights::default();
    let slow = leader(&flights);
    let mut waits = waiting(&slow);
    let mut one = follower(&flights);
    assert!(poll(&mut one).is_pending());
    for _ in 0..10 {
        look(&flights);
        poll_once(&mut waits);
        assert!(poll(&mut one).is_pending());
    }
    // Inside its poll for as long as it likes.
    let _mark = slow.mark();
    for _ in 0..10 {
        look(&flights);
    }
    assert!(poll(&mut one).is_pending());
}

#[test]
fn after_two_leaders_that_nothing_polls_all_run() {
    let flights = Flights::default();
    let first = leader(&flights);
    let _waits = waiting(&first);
    let (mut one, mut two, mut three) =
        (follower(&flights), follower(&flights), follower(&flights));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    look(&flights);
    look(&flights);
    let Poll::Ready(Err(second)) = poll(&mut one) else {
        panic!("no lead");
    };
    let _waits = waiting(&second);
    look(&flights);
    look(&flights);
    look(&flights);
    assert!(matches!(poll(&mut two), Poll::Ready(Ok(Completion::Idle))));
    assert!(matches!(
        poll(&mut three),
        Poll::Ready(Ok(Completion::Idle))
    ));
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_follower_that_takes_no_turn_holds_up_no_other() {
    let flights = Flights::default();
    let leaving = leader(&flights);
    let (mut one, mut two) = (follower(&flights), follower(&flights));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    drop(leaving);
    // Only the first was woken, and nothing polls it.
    look(&flights);
    assert!(matches!(poll(&mut two), Poll::Ready(Err(_))));
}
