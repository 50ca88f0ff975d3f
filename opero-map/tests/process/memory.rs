//! A worker's memory has a bound, and what does not fit into it says so.

use opero_map::{ErrorKind, MapConfig, RejectedKind};

use crate::support::deeds::Deed;
use crate::support::hand::{Hand, all_but_50, rejection_of_50, results};

/// Also below what a process has from the start: then nothing that is large fits, and each large
/// item crashes.
fn a_bound_that_is_too_low_ends_every_item_that_is_large<const ASYNC: bool>() {
    let config = MapConfig {
        worker_memory: Some(1 << 20),
        ..MapConfig::default()
    };
    let large = || Deed::Keep(100 << 20);
    let results = results(Hand::<ASYNC>::PLAIN.under("small", vec![large(), large()], config));
    for result in results {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Crashed);
    }
}

fn large_items_and_results_pass<const ASYNC: bool>() {
    let size = 20 << 20;
    let deeds = vec![Deed::TellText(size), Deed::Tell(1), Deed::TellText(size)];
    let results = results(Hand::<ASYNC>::PLAIN.over("texts", deeds));
    let sizes: Vec<_> = results
        .into_iter()
        .map(|told| told.unwrap().text.len())
        .collect();
    assert_eq!(sizes, [size, 0, size]);
}

/// Its worker crashes before it begins, while it is idle, or at another item that may be charged
/// once.
fn arguments_past_the_bound_cost_their_own_item<const ASYNC: bool>() {
    let config = MapConfig {
        worker_memory: Some(1 << 28),
        ..MapConfig::default()
    };
    let hand = Hand::<ASYNC> {
        retries: 1,
        ..Hand::PLAIN
    };
    let deeds = all_but_50(&Deed::Panic("x".repeat(300 << 20)));
    let kind = rejection_of_50(results(hand.under("arguments", deeds, config).workers(1)));
    assert!(matches!(kind, RejectedKind::Crashed { .. }), "{kind:?}");
}

in_both_modes! { arguments_past_the_bound_cost_their_own_item, a_bound_that_is_too_low_ends_every_item_that_is_large, large_items_and_results_pass }
