//! Every result arrives, in order, whatever the number of items and of workers; and none waits for
//! an item that is slow.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::support::deeds::Deed;
use crate::support::hand::{Hand, results};
use crate::support::hold::Hold;

fn any_number_of_items_and_workers<const ASYNC: bool>() {
    for (items, workers) in [(0, 2), (1, 1), (3, 8), (1_000, 1), (1_000, 2), (500, 64)] {
        let deeds: Vec<_> = (0..items).map(Deed::Tell).collect();
        let results = results(Hand::<ASYNC>::PLAIN.over("all", deeds).workers(workers));
        let told = results.into_iter().map(|result| result.unwrap().number);
        assert!(told.eq(0..items), "{items} items, {workers} workers");
    }
}

/// Also those that were handed to the same worker already.
fn finish_elsewhere_than<const ASYNC: bool>(slow: fn(PathBuf) -> Deed) {
    let hold = Hold::new();
    let deeds: Vec<_> = (0..2_001)
        .map(|n| match n {
            300 => slow(hold.path()),
            n => Deed::Tell(n),
        })
        .collect();
    let run = Hand::<ASYNC>::PLAIN.over("behind", deeds).ordered(false);
    let mut results = run.iter();
    let mut seen = HashSet::new();
    for _ in 0..2_000 {
        // An item that waits for the slow one is not among them: then that gives up, and its result
        // is an error.
        seen.insert(results.next().unwrap().unwrap().number);
    }
    assert_eq!(seen.len(), 2_000);
    hold.release();
    assert!(results.next().unwrap().is_ok());
    assert!(results.next().is_none());
}

fn items_behind_a_slow_one_finish_elsewhere<const ASYNC: bool>() {
    finish_elsewhere_than::<ASYNC>(Deed::Hold);
}

fn items_behind_one_that_never_yields_finish_elsewhere<const ASYNC: bool>() {
    finish_elsewhere_than::<ASYNC>(Deed::Block);
}

fn not_held_back_by<const ASYNC: bool>(slow: fn(PathBuf) -> Deed) {
    let hold = Hold::new();
    let deeds: Vec<_> = (0..100)
        .map(Deed::Tell)
        .chain([slow(hold.path()), Deed::Tell(101)])
        .collect();
    let run = Hand::<ASYNC>::PLAIN.over("before", deeds);
    let mut results = run.workers(1).iter();
    for n in 0..100 {
        assert_eq!(results.next().unwrap().unwrap().number, n);
    }
    hold.release();
    // It would have given up waiting if it had been asked to wait for long.
    assert!(results.next().unwrap().is_ok());
    assert_eq!(results.next().unwrap().unwrap().number, 101);
    assert!(results.next().is_none());
}

fn results_before_a_slow_item_are_not_held_back<const ASYNC: bool>() {
    not_held_back_by::<ASYNC>(Deed::Hold);
}

fn results_before_an_item_that_never_yields_are_not_held_back<const ASYNC: bool>() {
    not_held_back_by::<ASYNC>(Deed::Block);
}

/// A result does not wait for the next item of an input that comes slowly.
fn results_do_not_wait_for_the_input<const ASYNC: bool>() {
    let (items, source) = crate::support::feed::feed();
    let mut results = Hand::<ASYNC>::PLAIN.over("slow-input", source).iter();
    for n in 0..20 {
        items.send(Deed::Tell(n)).unwrap();
        assert_eq!(results.next().unwrap().unwrap().number, n);
    }
    drop(items);
    assert!(results.next().is_none());
}

in_both_modes! {
    any_number_of_items_and_workers, items_behind_a_slow_one_finish_elsewhere,
    items_behind_one_that_never_yields_finish_elsewhere, results_before_a_slow_item_are_not_held_back,
    results_before_an_item_that_never_yields_are_not_held_back, results_do_not_wait_for_the_input,
}
