//! Memory does not grow with the number of items.

use opero_map::{map_worker, worker};

use crate::runner::Test;
use crate::stage::{Program, here};

pub(crate) const TESTS: &[Test] = &[("flood::memory_stays_flat", memory_stays_flat)];

fn square(n: u64) -> Result<u64, String> {
    Ok(n.wrapping_mul(n))
}
worker!(SQUARE = square: fn(u64) -> Result<u64, String>);

const ITEMS: u64 = 300_000;

/// Between the first third and the end.
fn memory_stays_flat() {
    let mut program = Program::start("flood");
    assert!(program.end().success());
    let resident = |name: &str| -> u64 { program.place.sign(name).unwrap().parse().unwrap() };
    let (before, after) = (resident("before"), resident("after"));
    assert!(after < before + 1024, "{before} pages, then {after}");
}

pub(crate) fn play() {
    let mut results = map_worker(0..ITEMS, &SQUARE)
        .workers(2)
        .progress(false)
        .iter();
    for n in 0..ITEMS {
        assert_eq!(results.next().unwrap().unwrap(), n * n);
        if n == ITEMS / 3 {
            here().leave("before", &resident_pages());
        }
    }
    assert!(results.next().is_none());
    here().leave("after", &resident_pages());
}

fn resident_pages() -> String {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().to_owned()
}
