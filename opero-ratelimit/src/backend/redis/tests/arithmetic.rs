use std::time::Duration;

use proptest::prelude::*;

use super::super::held::{Held, Take};
use super::super::size::Size;
use super::super::slot::{Look, Slot};
use super::super::terms::{LIFE, Order, Reply, SOON, Terms};
use super::server::{Server, State};
use crate::Quota;

const SECOND: u64 = 1_000_000_000;

fn terms(period: u64, burst: u32, block: u32) -> Terms {
    let quota = Quota::each(Duration::from_nanos(period));
    Terms::new(quota.with_burst(burst).unwrap(), block)
}

fn reply(numbers: [i64; 5]) -> Option<Reply> {
    Reply::from_script(&numbers)
}

#[test]
fn without_a_burst_there_are_no_blocks() {
    for burst in 1..4 {
        assert_eq!(terms(1_000, burst, 1_000).largest_block, 1);
    }
    assert_eq!(terms(1_000, 4, 1_000).largest_block, 2);
    assert_eq!(terms(1_000, 10_000, 1_000).largest_block, 1_000);
    // A quarter of a second at 200 a second.
    assert_eq!(terms(5_000_000, 10_000, 1_000).largest_block, 50);
    assert_eq!(terms(3_600 * SECOND, 10_000, 1_000).largest_block, 1);
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
    let terms = terms(SECOND, 3, 1);
    let now = 1_000 * SECOND;
    let mut server = Server::default();
    for _ in 0..3 {
        assert!(server.decide(now, terms.single(1)).granted);
    }
    let back = now - 500 * SECOND;
    let answer = server.decide(back, terms.single(1));
    assert!(!answer.granted, "what is used stays used");
    assert_eq!(answer.wait(terms.ahead(1)), Duration::from_secs(1));
    let answer = server.decide(back + SECOND, terms.single(1));
    assert!(answer.granted && answer.wait(terms.ahead(1)).is_zero());
}

#[test]
fn a_permit_is_used_within_its_time_only() {
    // Periods of 1 ms, a slack of 9; asked at 100 ms, answered at 101.
    let terms = terms(1_000_000, 10, 5);
    let ms = 1_000_000;
    let answer = Reply {
        granted: true,
        now: 77 * SECOND,
        first: 77 * SECOND + 8 * ms,
    };
    let mut held = Held::default();
    let order = Order {
        size: 5,
        hold: 2 * ms,
    };
    held.add(order, &answer, 100 * ms, 101 * ms);
    // The first two were there at the server's now; the third comes a period later, counted from the latest now.
    assert_eq!(held.take(&terms, 2, 101 * ms), Take::Taken);
    let Take::NotBefore(from) = held.take(&terms, 1, 101 * ms) else {
        panic!("too early");
    };
    assert!((102 * ms..102 * ms + ms / 100).contains(&from), "{from}");
    assert_eq!(held.take(&terms, 4, 101 * ms), Take::Short);
    // The third's time ends at 10 ms after the earliest now, the fifth's at 12.
    assert_eq!(held.expire(&terms, 109 * ms).count, 0);
    let expired = held.expire(&terms, 111 * ms);
    assert_eq!(
        (expired.count, expired.missed),
        (2, 2),
        "the server had none to spare"
    );
    assert_eq!(held.len(), 1);
    assert_eq!(held.take(&terms, 1, 111 * ms), Take::Taken);
}

#[test]
fn a_rejected_process_asks_no_more_until_there_can_be_a_permit() {
    let terms = terms(SECOND, 4, 2);
    let mut slot = Slot::new(&terms);
    let answer = Reply {
        granted: false,
        now: 5 * SECOND,
        first: 9 * SECOND,
    };
    assert_eq!(slot.look(&terms, 1, 50), Look::Single);
    slot.single(1, &answer, 100, 160);
    assert_eq!(slot.look(&terms, 1, 160), Look::Wait(SECOND - SOON - 60));
    assert_eq!(
        slot.look(&terms, 4, 160),
        Look::Wait(4 * SECOND - SOON - 60)
    );
    assert_eq!(slot.look(&terms, 1, 100 + SECOND), Look::Single);
}

#[test]
fn blocks_grow_with_use_and_are_halved_by_waste() {
    let mut size = Size::new(100);
    assert_eq!(size.next(), 1);
    size.used(96);
    assert_eq!(size.next(), 3, "what is saved up");
    size.used(1_000_000);
    assert_eq!(size.next(), 100);
    size.wasted(100, 0);
    assert_eq!(size.next(), 50, "nobody missed them");
    size.wasted(10, 0);
    assert_eq!(size.next(), 40);
    size.wasted(390, 390);
    assert_eq!(size.next(), 10, "what is left of the savings");
}

#[test]
fn where_answers_take_longer_than_permits_last_no_blocks_are_taken() {
    // A slack of 10 ms.
    let terms = terms(1_000_000, 11, 5);
    let mut slot = Slot::new(&terms);
    let answer = Reply {
        granted: true,
        now: SECOND,
        first: SECOND,
    };
    slot.single(1_000, &answer, 0, 1_000);
    assert_eq!(
        slot.look(&terms, 1, 2_000),
        Look::Fetch(Order {
            size: 5,
            hold: 2_500_000
        })
    );
    slot.single(1, &answer, 0, 3_000_000);
    let longer = Order {
        size: 5,
        hold: 6_000_000,
    };
    assert_eq!(slot.look(&terms, 1, 3_000_000), Look::Fetch(longer));
    slot.single(1, &answer, 0, 4_000_000);
    assert_eq!(slot.look(&terms, 1, 4_000_000), Look::Single);
}

proptest! {
    #[test]
    fn no_quota_overflows(
        refill in 1..=1_u64 << 61, burst in 1..=u32::MAX, block: u32, cost: u32, now in 0..1_u64 << 62, seen in 0..1_u64 << 62,
    ) {
        let period = (refill / u64::from(burst)).max(1);
        let quota = Quota::each(Duration::from_nanos(period)).with_burst(burst);
        let terms = Terms::new(quota.unwrap(), block);
        let mut server = Server::with(State { next: now, seen });
        let (mut slot, mut local) = (Slot::new(&terms), seen);
        let order = Order { size: terms.largest_block, hold: terms.hold(cost.into()).unwrap_or(0) };
        for request in [terms.single(cost.clamp(1, burst)), terms.block(order)] {
            let arguments = request.arguments();
            prop_assert_eq!(arguments[4] * SECOND + arguments[5], request.span);
            let answer = server.decide(now, request);
            slot.block(order, &answer, local, local + 5);
            local += 10;
            let _ = slot.look(&terms, 1, local);
            let _ = slot.look(&terms, cost.max(1), u64::MAX);
        }
    }

    #[test]
    fn at_most_one_permit_in_32_used_is_taken_from_others_and_thrown_away(demand in proptest::collection::vec(any::<(u16, bool)>(), 1..200)) {
        let mut size = Size::new(1_000);
        let (mut used, mut wasted) = (0, 0);
        for (count, thrown) in demand {
            let block = size.next();
            // A single permit is used at once.
            let part = if thrown && block > 1 { u32::from(count) % block } else { block };
            size.used(part);
            size.wasted(block - part, block - part);
            used += part;
            wasted += block - part;
            prop_assert!(32 * wasted <= used, "{wasted} of {used}");
        }
    }

    #[test]
    fn every_permit_of_a_block_has_a_time(period in 1..50_000_000_u64, burst in 4_u32..100_000, backlog: u64, rtt in 0..1_000_000_u64) {
        let terms = terms(period, burst, u32::MAX);
        prop_assume!(terms.largest_block > 1);
        // Where the way to the server takes no more than a part of the burst.
        let rtt = rtt.min(terms.slack() / 3);
        let now = 1_000 * SECOND;
        let mut server = Server::with(State { next: now + backlog % (terms.slack() + 1), seen: now });
        let order = Order { size: terms.largest_block, hold: terms.hold(rtt).unwrap() };
        let answer = server.decide(now, terms.block(order));
        prop_assert!(answer.granted);
        let mut held = Held::default();
        held.add(order, &answer, LIFE, LIFE + rtt);
        let mut local = LIFE + rtt;
        for _ in 0..terms.largest_block.min(5_000) {
            prop_assert_eq!(held.expire(&terms, local).count, 0);
            match held.take(&terms, 1, local) {
                Take::Taken => {}
                Take::NotBefore(from) => {
                    local = from;
                    prop_assert_eq!(held.expire(&terms, local).count, 0);
                    prop_assert_eq!(held.take(&terms, 1, local), Take::Taken);
                }
                Take::Short => prop_assert!(false, "too few"),
            }
        }
    }
}
