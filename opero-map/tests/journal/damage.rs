//! Damage costs the records that it hit, and nothing is thrown away.

use crate::support::{Directory, expected, halved};

#[test]
fn behind_damage_results_are_found_again_and_a_copy_is_kept() {
    let directory = Directory::new();
    let path = directory.journal();
    let items = || (0..100).map(|number| number * 2);
    halved(items(), &path);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&path, &bytes).unwrap();

    let (results, calls, report) = halved(items(), &path);
    assert_eq!(results, expected(items()));
    assert_eq!((calls, report.resumed, report.unrecorded), (1, 99, 0));
    assert_eq!(directory.names(), ["run.journal", "run.journal.damaged-1"]);
    let aside = directory.path().join("run.journal.damaged-1");
    assert_eq!(std::fs::read(aside).unwrap(), bytes);

    // It is mended now; new damage is put aside beside the old.
    assert_eq!(halved(items(), &path).1, 0);
    assert_eq!(directory.names().len(), 2);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let (results, calls, _) = halved(items(), &path);
    assert_eq!((results, calls), (expected(items()), 1));
    assert_eq!(directory.names().len(), 3);
}

/// A link that leads nowhere is no free name, and one that leads to a file is not written through.
#[test]
fn a_copy_is_kept_beside_links_and_not_where_they_lead() {
    let (directory, elsewhere) = (Directory::new(), Directory::new());
    let path = directory.journal();
    let items = || (0..100).map(|number| number * 2);
    halved(items(), &path);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&path, &bytes).unwrap();
    let beside = |name: &str| directory.path().join(format!("run.journal.{name}"));
    let there = elsewhere.path().join("there");
    std::fs::write(&there, "the user's").unwrap();
    let nowhere = elsewhere.path().join("nowhere");
    std::os::unix::fs::symlink(&nowhere, beside("damaged-1")).unwrap();
    std::os::unix::fs::symlink(&there, beside("damaged-2")).unwrap();

    assert_eq!(halved(items(), &path).0, expected(items()));
    assert_eq!(std::fs::read(beside("damaged-3")).unwrap(), bytes);
    assert_eq!(std::fs::read(&there).unwrap(), b"the user's");
    assert!(!nowhere.exists());
}

#[test]
fn what_was_cut_off_runs_again() {
    let directory = Directory::new();
    let path = directory.journal();
    let items = || (0..50).map(|number| number * 2);
    halved(items(), &path);
    let whole = std::fs::read(&path).unwrap();
    for cut in [1, 40, 200, 1_000] {
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let (results, calls, report) = halved(items(), &path);
        assert_eq!(results, expected(items()));
        assert!(calls > 0 && report.resumed == 50 - calls as u64, "{cut}");
        assert_eq!(halved(items(), &path).1, 0);
    }
    assert_eq!(directory.names(), ["run.journal"]);
}
