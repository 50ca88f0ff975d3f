//! A journal is one function's and one run's: whatever else is at the path is rejected, and left as
//! it is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use opero_map::{ConfigError, Iter, RejectedKind, map};

use crate::child::Process;
use crate::support::{Directory, halve, halved};

/// Why a run cannot begin there.
fn rejection(function: &str, version: &str, path: &Path) -> Option<ConfigError> {
    let run = map([2_u64], Ok::<_, String>).resumable(function);
    let results = run.resume(path).resume_version(version).run();
    let error = results[0].as_ref().err()?;
    match error.rejection()?.kind() {
        RejectedKind::Config(error) => Some(error.clone()),
        _ => None,
    }
}

/// A run that goes on as long as its results are taken.
pub(crate) fn endless(path: &Path) -> Iter<u64, String> {
    map(0_u64.., Ok::<_, String>)
        .resumable("f")
        .resume(path)
        .iter()
}

#[test]
fn another_function_and_another_version_are_named_and_never_mixed_in() {
    let directory = Directory::new();
    let path = directory.journal();
    assert_eq!(rejection("a::first", "7", &path), None);
    let before = std::fs::read(&path).unwrap();
    let other = rejection("b::second", "7", &path).unwrap().to_string();
    assert!(
        other.contains("a::first") && other.contains("b::second"),
        "{other}"
    );
    assert!(other.contains(&path.display().to_string()), "{other}");
    let newer = rejection("a::first", "8", &path).unwrap().to_string();
    assert!(
        newer.contains("\"7\"") && newer.contains("\"8\""),
        "{newer}"
    );
    assert!(newer.contains("move the file away"), "{newer}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(rejection("a::first", "7", &path), None);
}

#[test]
fn results_of_another_type_are_not_taken_for_these() {
    let directory = Directory::new();
    let path = directory.journal();
    assert_eq!(rejection("f", "", &path), None);
    let other = map([2_u64], |n| Ok::<u128, String>(n.into())).resumable("f");
    let error = other.resume(&path).check().unwrap_err().to_string();
    assert!(
        error.contains("Result<u64,") && error.contains("Result<u128,"),
        "{error}"
    );
}

#[test]
fn results_that_look_otherwise_are_not_taken_for_these() {
    // Two types of one name, as after a change of the code.
    fn first(path: &Path) -> Result<u64, ConfigError> {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Size {
            width: u64,
            height: u64,
        }
        let size = Size {
            width: 3,
            height: 4,
        };
        let run = map([1_u8], |_| Ok::<_, String>(Size { ..size }));
        width(
            run.resumable("size").resume(path).resume_name("size").run(),
            |size| size.width,
        )
    }
    fn second(path: &Path) -> Result<u64, ConfigError> {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Size {
            height: u64,
            width: u64,
        }
        let run = map([1_u8], |_| {
            Ok::<_, String>(Size {
                height: 5,
                width: 6,
            })
        });
        width(
            run.resumable("size").resume(path).resume_name("size").run(),
            |size| size.width,
        )
    }
    fn width<T>(
        results: Vec<Result<T, opero_map::Error<String>>>,
        width: impl Fn(&T) -> u64,
    ) -> Result<u64, ConfigError> {
        match &results[0] {
            Ok(size) => Ok(width(size)),
            Err(error) => match error.rejection().unwrap().kind() {
                RejectedKind::Config(error) => Err(error.clone()),
                other => panic!("{other:?}"),
            },
        }
    }
    let directory = Directory::new();
    let path = directory.journal();
    assert_eq!(first(&path), Ok(3));
    let error = second(&path).unwrap_err();
    assert!(error.problem().contains("look otherwise"), "{error}");
    assert_eq!(first(&path), Ok(3));
    assert_eq!(second(&directory.path().join("other.journal")), Ok(6));
}

#[test]
fn a_function_with_a_name_of_its_own_may_be_renamed_and_its_structs_too() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Before {
        size: u64,
    }
    #[derive(serde::Serialize, serde::Deserialize)]
    struct After {
        size: u64,
    }
    let directory = Directory::new();
    let path = directory.journal();
    let run = map([1_u8], |_| Ok::<_, String>(Before { size: 7 })).resumable("old::path");
    assert!(run.resume(&path).resume_name("mine").run()[0].is_ok());
    let run = || map([1_u8], |_| Err::<After, _>(String::new())).resumable("new::path");
    let results = run().resume(&path).resume_name("mine").run();
    assert_eq!(results[0].as_ref().unwrap().size, 7);
    for (name, words) in [("other", "`mine`"), ("", "is empty")] {
        let error = run().resume(&path).resume_name(name).check().unwrap_err();
        assert!(error.problem().contains(words), "{error}");
    }
    let other = map([1_u8], |_| Ok::<_, String>(7_u64)).resumable("mine");
    let error = other.resume(&path).check().unwrap_err();
    assert!(error.problem().contains("with a `resume_name`"), "{error}");
}

#[test]
fn a_version_may_be_a_number() {
    let directory = Directory::new();
    let run = || map([2_u64], Ok::<_, String>).resumable("f");
    assert!(run().resume(directory.journal()).resume_version(1).run()[0].is_ok());
    run()
        .resume(directory.journal())
        .resume_version("1")
        .check()
        .unwrap();
}

#[test]
fn a_check_says_it_before_a_run_and_changes_nothing() {
    let directory = Directory::new();
    let path = directory.journal();
    let run = || map([2_u64], Ok::<_, String>).resumable("f").resume(&path);
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
    let error = rejection("f", "", &path).unwrap();
    assert!(error.problem().contains("is no journal"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"a letter");
    assert_eq!(directory.names(), ["run.journal"]);
    // An empty one has no owner.
    std::fs::write(&path, "").unwrap();
    assert_eq!(rejection("f", "", &path), None);
}

#[test]
fn what_cannot_be_a_file_is_an_error() {
    let directory = Directory::new();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [directory.path(), &file.join("below")] {
        let error = rejection("f", "", path).unwrap();
        assert_eq!(error.parameter(), "resume", "{error}");
    }
}

#[test]
fn a_journal_that_another_run_has_open_is_in_use() {
    let directory = Directory::new();
    let path = directory.journal();
    let mut first = endless(&path);
    assert!(first.next().unwrap().is_ok());
    let error = rejection("f", "", &path).unwrap();
    assert!(
        error.problem().contains("another run of this program"),
        "{error}"
    );
    let run = map([2_u64], Ok::<_, String>).resumable("f").resume(&path);
    assert_eq!(run.check().unwrap_err(), error);
    drop(first);
    run.check().unwrap();
    assert_eq!(rejection("f", "", &path), None);
}

#[test]
fn a_run_that_was_dropped_is_waited_for_while_its_last_item_runs() {
    let directory = Directory::new();
    let path = directory.journal();
    let begun = |wait: u64| {
        let slow = move |n: u64| {
            std::thread::sleep(Duration::from_millis(wait));
            Ok::<_, String>(n)
        };
        map(0..100_u64, slow)
            .resumable("f")
            .resume(&path)
            .workers(2)
            .iter()
    };
    for _ in 0..3 {
        let mut first = begun(300);
        assert!(first.next().unwrap().is_ok());
        drop(first);
    }
    assert!(begun(0).all(|result| result.is_ok()));
}

#[test]
fn a_journal_that_another_process_has_open_is_in_use() {
    let directory = Directory::new();
    let path = directory.journal();
    let mut holder = Process::start("holder", &path);
    assert_eq!(holder.says(), Some(("open".into(), 0)));
    let error = rejection("f", "", &path).unwrap();
    assert!(error.problem().contains("process"), "{error}");
    holder.kill();
    assert_eq!(rejection("f", "", &path), None);
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
    assert!(error.way_out().contains(".resumable("), "{error}");
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
