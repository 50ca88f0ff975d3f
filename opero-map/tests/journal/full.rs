//! A full disk: the run goes on and says so, and what found no room runs again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opero_map::{Event, map};

use crate::child::Process;
use crate::support::Directory;

/// Needs a mount of its own, which `unshare` makes; where the system forbids that, this fails.
#[test]
fn on_a_full_disk_a_run_keeps_its_results_and_says_what_is_not_recorded() {
    let directory = Directory::new();
    Process::start_on_small_disk("filler", directory.path()).end();
}

/// In the process with the small disk.
pub(crate) fn fills_its_disk(path: &Path) {
    let told = Arc::new(AtomicU64::new(0));
    let telling = Arc::clone(&told);
    opero_core::observe(move |_: &str, event: &Event<'_>| {
        if let Event::JournalUnavailable { reason } = event {
            assert!(reason.contains("No space left"), "{reason}");
            telling.fetch_add(1, Ordering::Relaxed);
        }
    });
    let run = |item: u64, len| {
        let items = item..item + 100;
        let run = map(items, move |n| Ok::<_, String>(vec![n as u8; len]));
        let run = run.resumable("f").resume(path.join("run.journal"));
        let (results, report) = run.run_report();
        assert!(
            (item..)
                .zip(results)
                .all(|(n, result)| result.unwrap() == vec![n as u8; len])
        );
        report
    };
    // Three times as much as there is room for, so that the last one that fits is cut off
    // somewhere.
    let first = run(0, 30_001);
    let recorded = 100 - first.unrecorded;
    assert!((10..90).contains(&recorded), "{recorded} fit");
    assert_eq!(told.load(Ordering::Relaxed), first.unrecorded);
    assert!(first.journal_error.unwrap().contains("No space left"));

    let second = run(0, 30_001);
    assert_eq!(
        (second.resumed, second.unrecorded),
        (recorded, first.unrecorded)
    );
    // Small ones still find room.
    assert_eq!(run(1_000, 1).unrecorded, 0);
    assert_eq!(run(1_000, 1).resumed, 100);
    let names = std::fs::read_dir(path).unwrap();
    assert_eq!(names.count(), 1, "nothing is damaged");
}
