use std::time::Duration;

use proptest::prelude::*;

use super::super::batch_size::BatchSize;
use super::super::gcra::{Gcra, LIFE, Order, Reply, SOON};
use super::super::key_state::{Decision, KeyState};
use super::super::leased::{LeasedPermits, Take};
use super::server::{Server, State};
use crate::Quota;

const SECOND: u64 = 1_000_000_000;

fn gcra(period: u64, burst: u32, batch: u32) -> Gcra {
    let quota = Quota::each(Duration::from_nanos(period));
    Gcra::new(quota.with_burst(burst).unwrap(), batch)
}

fn reply(numbers: [i64; 5]) -> Option<Reply> {
    Reply::from_script(&numbers)
}

#[test]
fn without_a_burst_there_are_no_blocks() {
    for burst in 1..4 {
        assert_eq!(gcra(1_000, burst, 1_000).largest_batch, 1);
    }
    assert_eq!(gcra(1_000, 4, 1_000).largest_batch, 2);
    assert_eq!(gcra(1_000, 10_000, 1_000).largest_batch, 1_000);
    // A quarter of a second at 200 a second.
    assert_eq!(gcra(5_000_000, 10_000, 1_000).largest_batch, 50);
    assert_eq!(gcra(3_600 * SECOND, 10_000, 1_000).largest_batch, 1);
}

#[test]
fn an_answer_of_another_shape_is_none() {
    assert!(Reply::from_script(&[1, 2, 3]).is_none());
    assert!(reply([1, -1, 0, 0, 0]).is_none());
    assert!(reply([1, i64::MAX, 0, 0, 0]).is_none());
    let answer = reply([0, 10, 5, 12, 7]).unwrap();
    assert_eq!(answer.wait(SECOND), Duration::from_nanos(SECOND + 2));
}

#[test]
fn a_clock_that_is_set_back_takes_what_is_stored_along() {
    let gcra = gcra(SECOND, 3, 1);
    let now = 1_000 * SECOND;
    let mut server = Server::default();
    for _ in 0..3 {
        assert!(server.decide(now, gcra.single(1)).granted);
    }
    let back = now - 500 * SECOND;
    let answer = server.decide(back, gcra.single(1));
    assert!(!answer.granted, "what is used stays used");
    assert_eq!(answer.wait(gcra.ahead(1)), Duration::from_secs(1));
    let answer = server.decide(back + SECOND, gcra.single(1));
    assert!(answer.granted && answer.wait(gcra.ahead(1)).is_zero());
}

#[test]
fn a_permit_is_used_within_its_time_only() {
    // Periods of 1 ms, a slack of 9; asked at 100 ms, answered at 101.
    let gcra = gcra(1_000_000, 10, 5);
    let ms = 1_000_000;
    let answer = Reply {
        granted: true,
        now: 77 * SECOND,
        first: 77 * SECOND + 8 * ms,
    };
    let mut leased = LeasedPermits::default();
    let order = Order {
        size: 5,
        hold: 2 * ms,
    };
    leased.add(order, &answer, 100 * ms, 101 * ms);
    // The first two were there at the server's now; the third comes a period later, counted from the latest now.
    assert_eq!(leased.take(&gcra, 2, 101 * ms), Take::Taken);
    let Take::NotBefore(from) = leased.take(&gcra, 1, 101 * ms) else {
        panic!("too early");
    };
    assert!((102 * ms..102 * ms + ms / 100).contains(&from), "{from}");
    assert_eq!(leased.take(&gcra, 4, 101 * ms), Take::Short);
    // The third's time ends at 10 ms after the earliest now, the fifth's at 12.
    assert_eq!(leased.expire(&gcra, 109 * ms).count, 0);
    let expired = leased.expire(&gcra, 111 * ms);
    assert_eq!(
        (expired.count, expired.missed),
        (2, 2),
        "the server had none to spare"
    );
    assert_eq!(leased.len(), 1);
    assert_eq!(leased.take(&gcra, 1, 111 * ms), Take::Taken);
}

#[test]
fn a_rejected_process_asks_no_more_until_there_can_be_a_permit() {
    let gcra = gcra(SECOND, 4, 2);
    let mut state = KeyState::new(&gcra);
    let answer = Reply {
        granted: false,
        now: 5 * SECOND,
        first: 9 * SECOND,
    };
    assert_eq!(state.look(&gcra, 1, 50), Decision::Single);
    state.single(1, &answer, 100, 160);
    assert_eq!(
        state.look(&gcra, 1, 160),
        Decision::Wait(SECOND - SOON - 60)
    );
    assert_eq!(
        state.look(&gcra, 4, 160),
        Decision::Wait(4 * SECOND - SOON - 60)
    );
    assert_eq!(state.look(&gcra, 1, 100 + SECOND), Decision::Single);
}

#[test]
fn blocks_grow_with_use_and_are_halved_by_waste() {
    let mut size = BatchSize::new(100);
    assert_eq!(size.next(), 1);
    size.used(96);
    assert_eq!(size.next(), 3, "what is saved up");
    size.used(1_000_000);
    assert_eq!(size.next(), 100);
    size.wasted(100, 0);
    assert_eq!(size.next(), 50, "no other process missed them");
    size.wasted(10, 0);
    assert_eq!(size.next(), 40);
    size.wasted(390, 390);
    assert_eq!(size.next(), 10, "what is left of the savings");
}

#[test]
fn where_answers_take_longer_than_permits_last_no_blocks_are_taken() {
    // A slack of 10 ms.
    let gcra = gcra(1_000_000, 11, 5);
    let mut state = KeyState::new(&gcra);
    let answer = Reply {
        granted: true,
        now: SECOND,
        first: SECOND,
    };
    state.single(1_000, &answer, 0, 1_000);
    assert_eq!(
        state.look(&gcra, 1, 2_000),
        Decision::Fetch(Order {
            size: 5,
            hold: 2_500_000
        })
    );
    state.single(1, &answer, 0, 3_000_000);
    let longer = Order {
        size: 5,
        hold: 6_000_000,
    };
    assert_eq!(state.look(&gcra, 1, 3_000_000), Decision::Fetch(longer));
    state.single(1, &answer, 0, 4_000_000);
    assert_eq!(state.look(&gcra, 1, 4_000_000), Decision::Single);
}

proptest! {
    #[test]
    fn no_quota_overflows(
        refill in 1..=1_u64 << 61, burst in 1..=u32::MAX, batch: u32, cost: u32, now in 0..1_u64 << 62, seen in 0..1_u64 << 62,
    ) {
        let period = (refill / u64::from(burst)).max(1);
        let quota = Quota::each(Duration::from_nanos(period)).with_burst(burst);
        let gcra = Gcra::new(quota.unwrap(), batch);
        let mut server = Server::with(State { next: now, seen });
        let (mut state, mut local) = (KeyState::new(&gcra), seen);
        let order = Order { size: gcra.largest_batch, hold: gcra.hold(cost.into()).unwrap_or(0) };
        for request in [gcra.single(cost.clamp(1, burst)), gcra.batch(order)] {
            let arguments = request.arguments();
            prop_assert_eq!(arguments[4] * SECOND + arguments[5], request.span);
            let answer = server.decide(now, request);
            state.batch(order, &answer, local, local + 5);
            local += 10;
            let _ = state.look(&gcra, 1, local);
            let _ = state.look(&gcra, cost.max(1), u64::MAX);
        }
    }

    #[test]
    fn at_most_one_permit_in_32_used_is_taken_from_others_and_thrown_away(demand in proptest::collection::vec(any::<(u16, bool)>(), 1..200)) {
        let mut size = BatchSize::new(1_000);
        let (mut used, mut wasted) = (0, 0);
        for (count, thrown) in demand {
            let batch = size.next();
            // A single permit is used at once.
            let part = if thrown && batch > 1 { u32::from(count) % batch } else { batch };
            size.used(part);
            size.wasted(batch - part, batch - part);
            used += part;
            wasted += batch - part;
            prop_assert!(32 * wasted <= used, "{wasted} of {used}");
        }
    }

    #[test]
    fn every_permit_of_a_block_has_a_time(period in 1..50_000_000_u64, burst in 4_u32..100_000, backlog: u64, rtt in 0..1_000_000_u64) {
        let gcra = gcra(period, burst, u32::MAX);
        prop_assume!(gcra.largest_batch > 1);
        // Where the way to the server takes no more than a part of the burst.
        let rtt = rtt.min(gcra.slack() / 3);
        let now = 1_000 * SECOND;
        let mut server = Server::with(State { next: now + backlog % (gcra.slack() + 1), seen: now });
        let order = Order { size: gcra.largest_batch, hold: gcra.hold(rtt).unwrap() };
        let answer = server.decide(now, gcra.batch(order));
        prop_assert!(answer.granted);
        let mut leased = LeasedPermits::default();
        leased.add(order, &answer, LIFE, LIFE + rtt);
        let mut local = LIFE + rtt;
        for _ in 0..gcra.largest_batch.min(5_000) {
            prop_assert_eq!(leased.expire(&gcra, local).count, 0);
            match leased.take(&gcra, 1, local) {
                Take::Taken => {}
                Take::NotBefore(from) => {
                    local = from;
                    prop_assert_eq!(leased.expire(&gcra, local).count, 0);
                    prop_assert_eq!(leased.take(&gcra, 1, local), Take::Taken);
                }
                Take::Short => prop_assert!(false, "too few"),
            }
        }
    }
}
