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

fn value(landing: &Landing) -> i32 {
    match landing {
        Landing::Value(entry) => *entry.value::<i32>().unwrap(),
        _ => panic!("no value"),
    }
}

fn poll<'a>(follower: &mut Pin<Box<Follower<'a>>>) -> Poll<Result<Landing, Leader<'a>>> {
    follower
        .as_mut()
        .poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn followers_receive_what_the_leader_landed() {
    let flights = Flights::default();
    let leader = leader(&flights);
    let (mut one, two) = (follower(&flights), follower(&flights));
    assert!(poll(&mut one).is_pending());
    leader.land(Landing::Value(Entry::new(7, None)));
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
    next.land(Landing::Value(Entry::new(7, None)));
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
    assert!(matches!(block_on(two), Ok(Landing::Outage)));
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
