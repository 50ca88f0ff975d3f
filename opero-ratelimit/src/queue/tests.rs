// Shuttle's locks work under its scheduler only.
#![cfg(not(shuttle))]

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::Wake;

use super::*;

/// Counts its wake-ups.
#[derive(Default)]
struct Bell(Counter);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn queues() -> Queues {
    Queues::new(Quota::per_second(1.0).unwrap().with_burst(5).unwrap())
}

fn request(key: Option<Key>) -> Request {
    Request {
        key,
        cost: 1,
        now: Instant::ORIGIN,
        max_wait: None,
        told: Some(Duration::from_secs(1)),
    }
}

fn join(queues: &Queues) -> Position<'_> {
    queues.join(&request(None)).ok().unwrap()
}

fn poll(turn: Pin<&mut impl Future<Output = ()>>, bell: &Arc<Bell>) -> bool {
    let waker = Waker::from(Arc::clone(bell));
    turn.poll(&mut Context::from_waker(&waker)).is_ready()
}

#[test]
fn the_turn_goes_on_in_order_of_arrival_and_wakes_only_the_next() {
    let queues = queues();
    let (first, second, third) = (join(&queues), join(&queues), join(&queues));
    let (bell, other) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    assert!(poll(pin!(first.turn()), &bell));
    assert!(!poll(pin!(third.turn()), &other));
    assert!(!poll(pin!(second.turn()), &bell));
    first.admitted(Instant::ORIGIN);
    assert_eq!((bell.rung(), other.rung()), (1, 0));
    assert!(poll(pin!(second.turn()), &bell));
    assert!(!poll(pin!(third.turn()), &other));
    drop(second);
    assert_eq!(other.rung(), 1);
    drop(third);
    assert!(queues.is_empty());
}

#[test]
fn leaving_from_the_middle_disturbs_nobody() {
    let queues = queues();
    let (first, second, third) = (join(&queues), join(&queues), join(&queues));
    let bell = Arc::new(Bell::default());
    assert!(!poll(pin!(third.turn()), &bell));
    drop(second);
    assert_eq!(bell.rung(), 0);
    drop(first);
    assert_eq!(bell.rung(), 1);
    assert!(poll(pin!(third.turn()), &bell));
}

#[test]
fn the_last_waker_counts() {
    let queues = queues();
    let (first, second) = (join(&queues), join(&queues));
    let (old, new) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let mut turn = pin!(second.turn());
    assert!(!poll(turn.as_mut(), &old));
    assert!(!poll(turn.as_mut(), &new));
    drop(first);
    assert_eq!((old.rung(), new.rung()), (0, 1));
}

#[test]
fn keys_have_lanes_of_their_own_that_go_with_their_last_waiter() {
    let queues = queues();
    let (anna, bert) = (Some(Key::of("anna")), Some(Key::of("bert")));
    let first = queues.join(&request(anna)).ok().unwrap();
    let second = queues.join(&request(bert)).ok().unwrap();
    assert!(first.head() && second.head());
    assert!(queues.occupied(anna) && !queues.occupied(None));
    drop(first);
    assert!(!queues.occupied(anna) && queues.occupied(bert));
    drop(second);
    assert_eq!(lock(&queues.table).by_key.len(), 0);
}

#[test]
fn a_wait_that_would_be_too_long_takes_no_place() {
    let queues = queues();
    let limited = Request {
        cost: 2,
        max_wait: Some(Duration::from_secs(4)),
        ..request(None)
    };
    let places = [queues.join(&limited), queues.join(&limited)];
    assert!(places.iter().all(Result::is_ok));
    // One second for the first two permits, a second more for each of the four others.
    assert_eq!(queues.join(&limited).err(), Some(Duration::from_secs(5)));
    assert_eq!(queues.len(), 2);
    drop(places);
    assert!(queues.is_empty());
}

#[test]
fn the_forecast_holds_between_a_departure_and_the_next_ones_first_question() {
    let queues = queues();
    let (first, _second) = (join(&queues), join(&queues));
    let limited = Request {
        now: Instant::from_nanos(1_000_000_000),
        max_wait: Some(Duration::ZERO),
        ..request(None)
    };
    // After one second the first is admitted; the second's turn comes a second later, and a newcomer's after that.
    first.admitted(limited.now);
    assert_eq!(queues.join(&limited).err(), Some(Duration::from_secs(2)));
}

/// A waker whose drop leaves the queue, as the last waker of a task does that holds a position.
struct Holder {
    _place: Position<'static>,
}

impl Wake for Holder {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_that_drops_another_place_does_not_deadlock() {
    let queues: &'static Queues = Box::leak(Box::new(queues()));
    let (first, second, third) = (join(queues), join(queues), join(queues));
    let holder = Waker::from(Arc::new(Holder { _place: third }));
    let mut turn = Box::pin(second.turn());
    assert!(
        turn.as_mut()
            .poll(&mut Context::from_waker(&holder))
            .is_pending()
    );
    drop(holder);
    // Replacing the waker drops the last reference to it, and with it the third position.
    assert!(!poll(turn.as_mut(), &Arc::new(Bell::default())));
    assert_eq!(queues.len(), 2);
    drop(turn);
    drop((first, second));
    assert!(queues.is_empty());
}
