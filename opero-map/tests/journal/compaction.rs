//! Records that later ones replaced do not fill the disk, and giving their room back loses nothing.

use std::path::Path;
use std::time::Duration;

use opero_map::journal::Journal;

use crate::child::{Process, say};
use crate::support::{Directory, expected, halved};

const FAILING: u64 = 3_000;

/// One item succeeds for each that fails.
fn items() -> impl Iterator<Item = u64> + Clone {
    0..2 * FAILING
}

/// A journal in which most records are replaced by others, which no run has rewritten yet.
fn full_of_failures(path: &Path) -> Vec<u8> {
    for _ in 0..4 {
        halved(items(), path);
    }
    let journal = Journal::open(path).unwrap();
    assert_eq!(journal.superseded(), 3 * FAILING);
    std::fs::read(path).unwrap()
}

fn assert_whole(path: &Path) -> u64 {
    let journal = Journal::open(path).unwrap();
    let counts = (journal.ok(), journal.failed(), journal.damaged());
    assert_eq!(counts, (FAILING as usize, FAILING as usize, 0));
    assert_eq!(journal.entries().count(), 2 * FAILING as usize);
    journal.superseded()
}

#[test]
fn what_replaced_records_took_is_given_back() {
    let directory = Directory::new();
    let path = directory.journal();
    let before = full_of_failures(&path).len();
    let (results, calls, report) = halved(items(), &path);
    assert_eq!(results, expected(items()));
    assert_eq!((calls as u64, report.resumed), (FAILING, FAILING));
    assert!(std::fs::metadata(&path).unwrap().len() < before as u64);
    assert_eq!(assert_whole(&path), FAILING);
    assert_eq!(directory.names(), ["run.journal"]);
    // However many runs there are.
    for _ in 0..5 {
        halved(items(), &path);
        assert!(assert_whole(&path) <= 3 * FAILING);
    }
}

#[test]
fn a_link_to_a_journal_stays_one() {
    let directory = Directory::new();
    let (path, link) = (directory.journal(), directory.path().join("link"));
    full_of_failures(&path);
    std::os::unix::fs::symlink(&path, &link).unwrap();
    halved(items(), &link);
    assert!(link.is_symlink());
    assert_eq!(assert_whole(&path), FAILING);
}

#[test]
fn a_kill_while_a_journal_is_rewritten_loses_nothing() {
    let directory = Directory::new();
    let path = directory.journal();
    let full = full_of_failures(&path);
    for kill in 0..25 {
        std::fs::write(&path, &full).unwrap();
        let mut process = Process::start("rewriter", &path);
        assert_eq!(process.says(), Some(("opens".into(), 0)));
        std::thread::sleep(Duration::from_millis(2 * kill));
        process.kill();
        let superseded = assert_whole(&path);
        assert!([0, 3 * FAILING].contains(&superseded), "{superseded}");
        let others = directory.names();
        let expected = ["run.journal", "run.journal.compacting"];
        assert!(others.iter().all(|name| expected.contains(&&**name)));
    }
    let (results, calls, _) = halved(items(), &path);
    assert_eq!((results, calls as u64), (expected(items()), FAILING));
}

/// In the process that is killed.
pub(crate) fn rewrites(path: &Path) {
    say("opens", 0);
    halved([], path);
    say("did", 0);
}

#[test]
fn the_new_file_is_not_written_through_a_link() {
    let (directory, elsewhere) = (Directory::new(), Directory::new());
    let path = directory.journal();
    full_of_failures(&path);
    let there = elsewhere.path().join("there");
    std::fs::write(&there, "the user's").unwrap();
    let beside = directory.path().join("run.journal.compacting");
    std::os::unix::fs::symlink(&there, beside).unwrap();
    halved(items(), &path);
    assert_eq!(std::fs::read(&there).unwrap(), b"the user's");
    assert!(!path.is_symlink());
    assert!(assert_whole(&path) < 3 * FAILING);
}
