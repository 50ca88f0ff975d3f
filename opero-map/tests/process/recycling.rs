//! Workers are replaced after their share, and no item is lost over it.

use std::collections::HashMap;

use opero_map::MapConfig;

use crate::support::deeds::{Deed, Told};
use crate::support::hand::{Hand, results};
use crate::support::watch;

/// Runs it and counts the items of each process.
fn items_by_process<const ASYNC: bool>(
    name: &'static str,
    deeds: Vec<Deed>,
    config: MapConfig,
    workers: usize,
) -> (Vec<Told>, HashMap<u32, u64>) {
    watch::begin();
    let run = Hand::<ASYNC>::PLAIN.under(name, deeds, config);
    let results = results(run.workers(workers));
    let told: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    let mut items = HashMap::new();
    for told in &told {
        *items.entry(told.pid).or_default() += 1;
    }
    // To be replaced is not to be lost.
    assert_eq!(watch::lost(name), 0);
    (told, items)
}

fn after_so_many_items<const ASYNC: bool>() {
    for workers in [1, 2] {
        let config = MapConfig {
            worker_recycle_after: Some(10),
            ..MapConfig::default()
        };
        let deeds = (0..105).map(Deed::Tell).collect();
        let (told, items) = items_by_process::<ASYNC>("recycled", deeds, config, workers);
        assert!(told.iter().map(|told| told.number).eq(0..105));
        assert!(items.values().all(|items| *items <= 10), "{items:?}");
        assert!(items.len() >= 11);
    }
}

/// The bound is looked at between items, so a process may overstep it by what one of them takes.
fn above_a_bound_on_resident_memory<const ASYNC: bool>() {
    let config = MapConfig {
        worker_recycle_above: Some(150 << 20),
        worker_in_flight: Some(1),
        ..MapConfig::default()
    };
    let deeds = vec![Deed::Keep(60 << 20); 9];
    let (_, items) = items_by_process::<ASYNC>("bounded", deeds, config, 1);
    assert!(items.values().all(|items| *items <= 3), "{items:?}");
    assert!(items.len() >= 3, "{items:?}");
}

in_both_modes! { after_so_many_items, above_a_bound_on_resident_memory }
