//! A process may be killed at any moment: what it reported does not run again.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use opero_map::{map, map_async};

use crate::child::{Process, say};
use crate::support::Directory;

pub(crate) const ITEMS: u64 = 3_000;
#[test]
fn what_threads_reported_before_a_kill_does_not_run_again() {
    kill_again_and_again("threads", 40);
}

#[test]
fn what_tasks_reported_before_a_kill_does_not_run_again() {
    kill_again_and_again("tasks", 40);
}

pub(crate) fn kill_again_and_again(part: &str, kills: u64) {
    let directory = Directory::new();
    let path = directory.journal();
    let mut reported = BTreeSet::new();
    let mut listen = |process: &mut Process, until: &str| {
        // Of this run alone: what came out of the journal is reported as well.
        let mut now = Vec::new();
        while let Some((word, number)) = process.says() {
            match word.as_str() {
                "runs" => assert!(!reported.contains(&number), "{number} runs again"),
                _ => now.push(number),
            }
            if word == until {
                break;
            }
        }
        assert!(now.is_sorted(), "out of order");
        reported.extend(now);
        reported.len() as u64
    };
    let mut done = 0;
    for kill in 0..kills {
        let mut process = Process::start(part, &path);
        // Some are killed while they open the journal, most while they write it.
        if kill % 5 != 0 {
            listen(&mut process, "did");
        }
        std::thread::sleep(Duration::from_micros(random(kill) % 15_000));
        process.kill();
        done = listen(&mut process, "");
    }
    assert!(
        0 < done && done < ITEMS,
        "the kills came too early or too late: {done}"
    );

    let mut process = Process::start(part, &path);
    assert_eq!(listen(&mut process, ""), ITEMS);
    process.end();
    assert_eq!(directory.names(), ["run.journal"], "a kill damages nothing");
}

/// Up to 2⁴⁴, spread over all numbers, and the same in each run of the test.
fn random(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20
}

/// Says that it runs, wherever that is.
pub(crate) fn runs(number: u64) -> Result<u64, String> {
    say("runs", number);
    Ok(number)
}

/// In the process that is killed.
pub(crate) fn run_on_threads(path: &Path) {
    let slow = |number| {
        std::thread::sleep(Duration::from_micros(50));
        runs(number)
    };
    let run = map(0..ITEMS, slow)
        .resumable("runs")
        .resume(path)
        .workers(3);
    for result in run.iter() {
        say("did", result.unwrap());
    }
}

/// In the process that is killed.
pub(crate) fn run_in_tasks(path: &Path) {
    let slow = |number| async move {
        tokio::task::yield_now().await;
        std::thread::sleep(Duration::from_micros(50));
        runs(number)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let run = map_async(0..ITEMS, slow).resumable("runs").resume(path);
        let mut results = run.stream();
        while let Some(result) = results.next().await {
            say("did", result.unwrap());
        }
    });
}
