//! What takes too long is killed, and costs no other item.

use std::time::Duration;

use opero_map::RejectedKind;

use crate::support::deeds::{Crash, Deed};
use crate::support::hand::{Hand, all_but_50, rejection_of_50, results};

/// Many times what the other items need, however busy the machine is.
const LIMIT: Duration = Duration::from_millis(600);

/// Everything but item 50 is told, and that has this rejection.
fn only_50_is_late<const ASYNC: bool>(
    stuck: &Deed,
    hand: Hand<ASYNC>,
    item_timeout: Option<Duration>,
) -> RejectedKind {
    let mut run = hand.over("late", all_but_50(stuck));
    if let Some(limit) = item_timeout {
        run = run.item_timeout(limit);
    }
    rejection_of_50(results(run))
}

/// The limit of an attempt counts each of them.
fn a_loop_ends_at_the_limit_of_its_attempt<const ASYNC: bool>() {
    let hand = Hand::<ASYNC> {
        limit: Some(LIMIT),
        retries: 1,
        ..Hand::PLAIN
    };
    let kind = only_50_is_late(&Deed::Spin, hand, None);
    assert!(
        matches!(kind, RejectedKind::AttemptTimeout { limit: LIMIT }),
        "{kind:?}"
    );
}

fn a_wait_ends_at_the_limit_of_its_attempt<const ASYNC: bool>() {
    let hand = Hand::<ASYNC> {
        limit: Some(LIMIT),
        retries: 1,
        ..Hand::PLAIN
    };
    let kind = only_50_is_late(&Deed::Sleep, hand, None);
    assert!(
        matches!(kind, RejectedKind::AttemptTimeout { limit: LIMIT }),
        "{kind:?}"
    );
}

fn a_wait_ends_at_the_limit_of_its_item<const ASYNC: bool>() {
    let kind = only_50_is_late(&Deed::Sleep, Hand::<ASYNC>::PLAIN, Some(LIMIT));
    assert!(
        matches!(kind, RejectedKind::ItemTimeout { limit: LIMIT }),
        "{kind:?}"
    );
}

/// The time of an item counts from when it is taken, so an async one that never yields takes those
/// in flight beside it along: here only synchronous ones.
#[test]
fn a_loop_ends_at_the_limit_of_its_item() {
    let kind = only_50_is_late(&Deed::Spin, Hand::<false>::PLAIN, Some(LIMIT));
    assert!(
        matches!(kind, RejectedKind::ItemTimeout { limit: LIMIT }),
        "{kind:?}"
    );
}

/// The time of an attempt does not begin before the attempt: one worker, and each item takes most
/// of the limit.
fn waiting_for_a_worker_is_not_running<const ASYNC: bool>() {
    let hand = Hand::<ASYNC> {
        limit: Some(LIMIT),
        ..Hand::PLAIN
    };
    let deeds: Vec<_> = (0..8).map(|n| Deed::Work(200_000, n)).collect();
    let config = opero_map::MapConfig {
        worker_in_flight: Some(1),
        ..opero_map::MapConfig::default()
    };
    let results = results(hand.under("queue", deeds, config).workers(1));
    for (n, result) in (0_u64..).zip(results) {
        assert_eq!(result.unwrap().number, n);
    }
}

/// The time of an item does not run while no worker runs it: here each takes most of the limit, and
/// worker after worker crashes.
fn waiting_for_a_worker_is_not_the_items_time<const ASYNC: bool>() {
    let deeds = |n| match n {
        0..4 => Deed::Crash(Crash::Aborted),
        n => Deed::Work(200_000, n),
    };
    let config = opero_map::MapConfig {
        worker_in_flight: Some(1),
        item_timeout: Some(LIMIT),
        ..opero_map::MapConfig::default()
    };
    let deeds: Vec<_> = (0..10).map(deeds).collect();
    let run = Hand::<ASYNC>::PLAIN.under("queue-of-items", deeds, config);
    for (n, result) in (0_u64..).zip(results(run.workers(1))) {
        match n {
            0..4 => assert!(result.unwrap_err().is_crash()),
            n => assert_eq!(result.unwrap().number, n),
        }
    }
}

/// It replies nothing, so its current call is unknown: the call goes to another worker, and has all
/// its attempts.
fn a_worker_that_is_stopped_is_replaced<const ASYNC: bool>() {
    let hand = Hand::<ASYNC> {
        limit: Some(LIMIT),
        ..Hand::PLAIN
    };
    let (deeds, source) = std::sync::mpsc::channel();
    let run = hand.over("stopped", opero_map::from_blocking(source));
    let mut results = run.workers(1).iter();
    deeds.send(Deed::Tell(1)).unwrap();
    let first = results.next().unwrap().unwrap();
    crate::support::watch::stop(first.pid);
    deeds.send(Deed::Tell(2)).unwrap();
    let second = results.next().unwrap();
    // All calls of an async worker are taken to run from the beginning, so that one may be late.
    let late = ASYNC && second.as_ref().is_err_and(opero_core::Error::is_timeout);
    assert!(late || second.is_ok_and(|told| told.number == 2));
    deeds.send(Deed::Tell(3)).unwrap();
    assert_ne!(results.next().unwrap().unwrap().pid, first.pid);
}

/// It is stopped while it has items that are finished and not handed in: the one that it is at is
/// charged.
fn an_item_that_stops_its_worker_is_late<const ASYNC: bool>() {
    let hand = Hand::<ASYNC> {
        limit: Some(LIMIT),
        retries: 1,
        ..Hand::PLAIN
    };
    let kind = only_50_is_late(&Deed::Stop, hand, None);
    assert!(
        matches!(kind, RejectedKind::AttemptTimeout { limit: LIMIT }),
        "{kind:?}"
    );
}

/// A time that the clock does not reach is no limit.
fn the_longest_limits_are_none<const ASYNC: bool>() {
    for limit in [Duration::MAX, Duration::from_secs(10_u64.pow(19))] {
        let hand = Hand::<ASYNC> {
            limit: Some(limit),
            ..Hand::PLAIN
        };
        let run = hand
            .over("endless", (0..40).map(Deed::Tell))
            .item_timeout(limit);
        for (n, result) in (0_u64..).zip(results(run)) {
            assert_eq!(result.unwrap().number, n);
        }
    }
}

/// Whatever the order in which they are late: each is killed for itself.
fn every_item_may_be_stuck<const ASYNC: bool>() {
    let hand = Hand::<ASYNC> {
        limit: Some(Duration::from_millis(50)),
        ..Hand::PLAIN
    };
    let results = results(hand.over("all-late", vec![Deed::Sleep; 6]));
    assert_eq!(results.len(), 6);
    for result in results {
        assert!(result.unwrap_err().is_timeout());
    }
}

in_both_modes! {
    a_loop_ends_at_the_limit_of_its_attempt, a_wait_ends_at_the_limit_of_its_attempt,
    a_wait_ends_at_the_limit_of_its_item, waiting_for_a_worker_is_not_running, every_item_may_be_stuck,
    waiting_for_a_worker_is_not_the_items_time, a_worker_that_is_stopped_is_replaced,
    an_item_that_stops_its_worker_is_late, the_longest_limits_are_none,
}
