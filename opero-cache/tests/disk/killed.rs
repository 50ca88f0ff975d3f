//! A process may die at any moment: what it put is there, and right.

use std::time::Duration;

use crate::child::Process;
use crate::support::{Directory, SCHEMES, close, holds, open, put};

const KILLS: u64 = 50;

#[test]
fn what_was_put_survives_kills_at_random_moments() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let mut first = 0;
        for kill in 0..KILLS {
            let mut writer = Process::start("writer", scheme, directory.path(), first);
            // Some die while they open, most while they write.
            let moment = Duration::from_micros(fastrand::u64(0..60_000));
            if kill % 5 != 0 {
                writer.wait_for("put");
            }
            std::thread::sleep(moment);
            writer.kill();
            // One that was put without being said so does no harm.
            first = writer.heard("put").last().map_or(first, |last| last + 1);

            let store = open(scheme, directory.path(), "");
            for number in 0..first {
                assert!(
                    holds(&store, number),
                    "{scheme}, kill {kill}: {number} of {first} is gone"
                );
            }
            put(&store, first).unwrap();
            first += 1;
            if kill % 2 == 0 {
                close(&store);
            }
        }
        assert!(
            first > 10 * KILLS,
            "{scheme}: the test wrote little, {first}"
        );
    }
}

#[test]
fn a_short_program_that_ends_after_its_last_put_finds_all_in_its_next_run() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        for run in 0..3 {
            Process::start("brief", scheme, directory.path(), run * 100).end();
        }
        let store = open(scheme, directory.path(), "");
        assert!((0..300).all(|number| holds(&store, number)), "{scheme}");
        assert_eq!(store.entries(), 300, "{scheme}");
    }
}
