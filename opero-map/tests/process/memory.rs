//! A worker's memory has a bound, and what does not fit into it says so.

use opero_map::{ErrorKind, MapConfig};

use crate::support::deeds::Deed;
use crate::support::hand::{Hand, results};

/// Also below what a process has from the start: then nothing that is large fits, and each item that is dies of it.
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

in_both_modes! { a_bound_that_is_too_low_ends_every_item_that_is_large, large_items_and_results_pass }
