//! A journal is one function's and one run's: whatever else is at the path is refused, and left as it is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::AtomicUsize;

use opero_map::{ConfigError, Iter, RefusedKind, map};

use crate::child::Process;
use crate::support::{Directory, halve, halved};

/// Why a run cannot begin there.
fn refusal(function: &str, version: &str, path: &Path) -> Option<ConfigError> {
    let run = map([2_u64], Ok::<_, String>).recorded(function);
    let results = run.resume(path).resume_version(version).run();
    let error = results[0].as_ref().err()?;
    match error.refusal()?.kind() {
        RefusedKind::Config(error) => Some(error.clone()),
        _ => None,
    }
}

/// A run that goes on as long as somebody takes its results.
pub(crate) fn endless(path: &Path) -> Iter<u64, String> {
    map(0_u64.., Ok::<_, String>)
        .recorded("f")
        .resume(path)
        .iter()
}

#[test]
fn another_function_and_another_version_are_named_and_never_mixed_in() {
    let directory = Directory::new();
    let path = directory.journal();
    assert_eq!(refusal("a::first", "7", &path), None);
    let before = std::fs::read(&path).unwrap();
    let other = refusal("b::second", "7", &path).unwrap().to_string();
    assert!(
        other.contains("a::first") && other.contains("b::second"),
        "{other}"
    );
    assert!(other.contains(&path.display().to_string()), "{other}");
    let newer = refusal("a::first", "8", &path).unwrap().to_string();
    assert!(
        newer.contains("\"7\"") && newer.contains("\"8\""),
        "{newer}"
    );
    assert!(newer.contains("delete"), "{newer}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(refusal("a::first", "7", &path), None);
}

#[test]
fn results_of_another_type_are_not_taken_for_these() {
    let directory = Directory::new();
    let path = directory.journal();
    assert_eq!(refusal("f", "", &path), None);
    let other = map([2_u64], |n| Ok::<u128, String>(n.into())).recorded("f");
    let error = other.resume(&path).check().unwrap_err().to_string();
    assert!(
        error.contains("Result<u64,") && error.contains("Result<u128,"),
        "{error}"
    );
}

#[test]
fn a_check_says_it_before_a_run_and_changes_nothing() {
    let directory = Directory::new();
    let path = directory.journal();
    let run = || map([2_u64], Ok::<_, String>).recorded("f").resume(&path);
    run().check().unwrap();
    assert!(!path.exists());
    assert!(run().run()[0].is_ok());
    run().check().unwrap();
    let error = run().resume_version("2").check().unwrap_err();
    assert_eq!(error.parameter(), "resume");
    assert!(run().resume_version("2").try_run().is_err());
}

#[test]
fn a_file_that_is_no_journal_is_left_alone() {
    let directory = Directory::new();
    let path = directory.journal();
    std::fs::write(&path, "a letter").unwrap();
    let error = refusal("f", "", &path).unwrap();
    assert!(error.problem().contains("is no journal"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"a letter");
    assert_eq!(directory.names(), ["run.journal"]);
    // An empty one is nobody's.
    std::fs::write(&path, "").unwrap();
    assert_eq!(refusal("f", "", &path), None);
}

#[test]
fn what_cannot_be_a_file_is_an_error() {
    let directory = Directory::new();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [directory.path(), &file.join("below")] {
        let error = refusal("f", "", path).unwrap();
        assert_eq!(error.parameter(), "resume", "{error}");
    }
}

#[test]
fn a_journal_that_another_run_has_open_is_in_use() {
    let directory = Directory::new();
    let path = directory.journal();
    let mut first = endless(&path);
    assert!(first.next().unwrap().is_ok());
    let error = refusal("f", "", &path).unwrap();
    assert!(error.problem().contains("in use"), "{error}");
    drop(first);
    crate::support::eventually("it is free", || refusal("f", "", &path).is_none());
}

#[test]
fn a_journal_that_another_process_has_open_is_in_use() {
    let directory = Directory::new();
    let path = directory.journal();
    let mut holder = Process::start("holder", &path);
    assert_eq!(holder.says(), Some(("open".into(), 0)));
    let error = refusal("f", "", &path).unwrap();
    assert!(error.problem().contains("in use"), "{error}");
    holder.kill();
    assert_eq!(refusal("f", "", &path), None);
}

#[test]
fn the_file_and_the_directories_made_for_it_are_its_users_alone() {
    let directory = Directory::new();
    let path = directory.path().join("made/for/run.journal");
    assert_eq!(halved([2], &path).1, 1);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&directory.path().join("made")), 0o700);
}

#[test]
fn a_job_that_has_no_bytes_cannot_be_recorded() {
    let directory = Directory::new();
    let run = || map([2_u64], Ok::<_, String>).resume(directory.journal());
    let error = run().check().unwrap_err();
    assert_eq!(error.parameter(), "resume");
    assert!(error.way_out().contains(".recorded("), "{error}");
    assert!(run().run()[0].is_err());
    assert!(!directory.journal().exists());
}

#[test]
fn a_run_without_a_journal_writes_nothing() {
    let directory = Directory::new();
    let calls = AtomicUsize::new(0);
    let run = halve([2], &calls, &directory.journal());
    drop(run);
    assert!(directory.names().is_empty());
}
