//! What a reader sees of a journal.

use std::time::{Duration, SystemTime};

use opero_map::journal::{Entry, Journal, State};
use opero_map::map;

use crate::support::{Directory, halved};

fn entries(journal: &Journal) -> Vec<Entry> {
    journal.entries().map(Result::unwrap).collect()
}

#[test]
fn a_reader_sees_each_item_with_what_became_of_it() {
    let directory = Directory::new();
    halved([10, 11, 12], &directory.journal());
    let journal = Journal::open(directory.journal()).unwrap();
    assert_eq!((journal.function(), journal.version()), ("halve", ""));
    assert_eq!(
        (journal.ok(), journal.failed(), journal.damaged()),
        (2, 1, 0)
    );
    let mut entries = entries(&journal);
    entries.sort_by_key(|entry| entry.index);
    let states: Vec<_> = entries.iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Ok, State::Failed, State::Ok]);
    for entry in &entries {
        assert_eq!((entry.attempts, entry.worker), (1, None));
        assert!(entry.started.elapsed().unwrap() < Duration::from_secs(3_600));
        assert!(entry.started > SystemTime::UNIX_EPOCH);
    }
    assert_eq!(entries[1].error.as_deref(), Some("11 is odd"));
    assert!(entries[1].to_string().contains("11 is odd"));
}

#[test]
fn of_an_item_that_ran_again_the_last_record_is_shown() {
    let directory = Directory::new();
    let run = |answer: Result<u32, String>| {
        let run = map([1_u8], move |_| answer.clone()).resumable("f");
        run.resume(directory.journal()).run()
    };
    run(Err("first".into()));
    run(Err("second".into()));
    let journal = Journal::open(directory.journal()).unwrap();
    assert_eq!(entries(&journal)[0].error.as_deref(), Some("second"));
    assert_eq!((journal.failed(), journal.superseded()), (1, 1));
    run(Ok(3));
    let journal = Journal::open(directory.journal()).unwrap();
    assert_eq!(
        journal.to_string(),
        "f: 1 items, 1 ok, 0 failed, 2 records replaced by later ones"
    );
    assert_eq!(entries(&journal).len(), 1);
}

#[test]
fn neither_items_nor_values_are_shown() {
    let directory = Directory::new();
    let secret = |item: String| Ok::<_, String>(format!("value of {item}"));
    let run = map(["s3cret".to_owned()], secret).resumable("f");
    assert!(run.resume(directory.journal()).try_run().is_ok());
    let journal = Journal::open(directory.journal()).unwrap();
    let shown = format!(
        "{journal}{journal:?}{:?}{}",
        entries(&journal),
        entries(&journal)[0]
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(!shown.contains("value of"), "{shown}");
    // An item is in the file as a hash only.
    let bytes = std::fs::read(directory.journal()).unwrap();
    let value = b"value of s3cret";
    let found = |text: &[u8]| {
        bytes
            .windows(text.len())
            .filter(|part| *part == text)
            .count()
    };
    assert_eq!((found(value), found(b"s3cret")), (1, 1));
}

#[test]
fn a_journal_can_be_read_while_a_run_writes_it() {
    let directory = Directory::new();
    let mut run = crate::rejected::endless(&directory.journal());
    for expected in 1..50 {
        assert!(run.next().unwrap().is_ok());
        let journal = Journal::open(directory.journal()).unwrap();
        assert!(journal.ok() >= expected);
        assert_eq!(journal.damaged(), 0);
        assert_eq!(entries(&journal).len(), journal.ok());
    }
}
