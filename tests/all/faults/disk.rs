use crate::support::{Directory, SECRET, Subject, Workers, both_ways};

both_ways! { (cache_backend)
    a_full_disk_under_disk
    a_full_disk_under_redb
    another_process_that_holds_disk
    another_process_that_holds_redb
}

fn a_full_disk_under_disk(subject: &Subject) {
    a_full_disk(subject, "disk");
}

fn a_full_disk_under_redb(subject: &Subject) {
    a_full_disk(subject, "redb");
}

/// Calls go on, and the store comes back when there is room.
fn a_full_disk(subject: &Subject, scheme: &str) {
    let directory = Directory::of_size(8);
    subject.on(format!("{scheme}://{}", directory.path("cache")));
    subject.executes_and_keeps(0);
    subject.hit(0);
    let unavailable = format!("cache_unavailable {scheme}: ");
    let mut troubles = 0;
    for number in 0..400 {
        let lines = subject.call_with(&large(number));
        troubles += usize::from(lines.iter().any(|line| line.starts_with(&unavailable)));
    }
    assert!(troubles > 0, "400 results of 60 KB fit into 8 MB");
    directory.resize(256);
    subject.comes_back(1);
}

/// A word, and so a result, of some size.
fn large(number: usize) -> String {
    format!("{SECRET} {number} {}", "large ".repeat(10_000))
}

fn another_process_that_holds_disk(subject: &Subject) {
    another_process_that_holds_it(subject, "disk");
}

fn another_process_that_holds_redb(subject: &Subject) {
    another_process_that_holds_it(subject, "redb");
}

fn another_process_that_holds_it(subject: &Subject, scheme: &str) {
    let directory = Directory::new();
    let url = format!("{scheme}://{}", directory.path("cache"));
    let mut workers = Workers::new();
    let holder = workers.start(&["blocking", &url, "word"]);
    // It has looked the word up, so it holds the store.
    assert_eq!(workers.wait_for("executing"), holder);
    subject.on(&url);
    for number in 0..20 {
        let trouble = format!("cache_unavailable {scheme}: ");
        subject.executes_in_spite_of(number, &trouble);
    }
    workers.tell(holder);
    let said = workers.rest();
    assert!(said[0].starts_with("word by "), "{said:?}");
    subject.comes_back(0);
}
