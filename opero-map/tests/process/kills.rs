//! Workers are killed from outside, whatever they are at.

use opero_map::RejectedKind;

use crate::support::deeds::Deed;
use crate::support::feed::feed;
use crate::support::hand::Hand;
use crate::support::watch;

/// Each of the ten is killed while its like are at work: the results before it have arrived, and
/// the last has not.
fn ten_kills_and_five_thousand_results<const ASYNC: bool>() {
    let name = if ASYNC { "kills-async" } else { "kills" };
    watch::begin();
    let hand = Hand::<ASYNC> {
        retries: 4,
        ..Hand::PLAIN
    };
    let deeds = (0..5_000).map(|n| Deed::Work(100, n));
    let mut kills = 0;
    let mut next = 0;
    for result in hand.over(name, deeds).iter() {
        assert_eq!(result.unwrap().number, next);
        if next % 400 == 99 && kills < 10 {
            watch::kill_one(name, kills);
            kills += 1;
        }
        next += 1;
    }
    assert_eq!((next, kills), (5_000, 10));
    assert!(watch::lost(name) > 1);
}

fn a_worker_killed_while_idle_costs_nothing<const ASYNC: bool>() {
    let name = if ASYNC { "idle-async" } else { "idle" };
    watch::begin();
    let (items, source) = feed();
    // No retries: a lost attempt would be an error.
    let mut results = Hand::<ASYNC>::PLAIN.over(name, source).workers(1).iter();
    for n in 0..5 {
        items.send(Deed::Tell(n)).unwrap();
        let told = results.next().unwrap().unwrap();
        assert_eq!(told.number, n);
        assert_eq!(watch::kill_one(name, 0), told.pid);
        watch::wait_until_lost(name, usize::try_from(n).unwrap() + 1);
    }
    drop(items);
    assert!(results.next().is_none());
}

/// What a worker has beside the item that it is at goes to another one, and loses no attempt.
fn a_kill_costs_one_item_at_most<const ASYNC: bool>() {
    let name = if ASYNC { "one-kill-async" } else { "one-kill" };
    watch::begin();
    let deeds = (0..5_000).map(|n| Deed::Work(20, n));
    let mut crashed = 0;
    for (n, result) in Hand::<ASYNC>::PLAIN.over(name, deeds).iter().enumerate() {
        match result {
            Ok(told) => assert_eq!(told.number, n as u64),
            Err(error) => {
                let rejection = error.rejection().unwrap();
                assert!(matches!(
                    rejection.kind(),
                    RejectedKind::Crashed {
                        signal: Some(9),
                        ..
                    }
                ));
                crashed += 1;
            }
        }
        if n == 1_000 {
            watch::kill_one(name, n);
        }
    }
    assert!(crashed <= 1, "{crashed} items were lost with one worker");
}

in_both_modes! {
    ten_kills_and_five_thousand_results, a_worker_killed_while_idle_costs_nothing, a_kill_costs_one_item_at_most,
}
