//! A process may die at any moment: what it put is there, what it removed is not, and nothing is older than it was.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opero_core::{BackendError, block_on};

use crate::child::Process;
use crate::damage::copy_all;
use crate::support::{Directory, SCHEMES, Store, close, eventually, get, holds, key, open, record};

const KILLS: u64 = 50;

/// So few that each is written over, removed and cleared again and again.
const KEYS: u64 = 40;

enum Step {
    Put(u64),
    Remove(u64),
    Clear,
}

/// What is done in a step.
fn step(number: u64) -> Step {
    let dice = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let key = dice / 64 % KEYS;
    match dice % 64 {
        0 => Step::Clear,
        1..20 => Step::Remove(key),
        _ => Step::Put(key),
    }
}

/// Takes a step.
pub(crate) fn take(store: &Store, number: u64) -> Result<(), BackendError> {
    match step(number) {
        Step::Put(of) => block_on(store.put(&key(of), record(number), None)),
        Step::Remove(of) => block_on(store.remove(&key(of))),
        Step::Clear => block_on(store.clear()),
    }
}

/// By their keys, the steps that put the records that are there.
type State = BTreeMap<u64, u64>;

fn after(mut state: State, number: u64) -> State {
    match step(number) {
        Step::Put(key) => drop(state.insert(key, number)),
        Step::Remove(key) => drop(state.remove(&key)),
        Step::Clear => state.clear(),
    }
    state
}

fn read(store: &Store) -> State {
    let mut state = State::new();
    for key in 0..KEYS {
        if let Some(found) = get(store, key).unwrap() {
            let number = u64::from_le_bytes(*found.first_chunk().unwrap());
            assert_eq!(found, record(number), "it reads back wrong");
            state.insert(key, number);
        }
    }
    state
}

#[test]
fn what_was_done_last_before_a_kill_is_what_is_found_after_it() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let (mut next, mut state) = (0, State::new());
        for kill in 0..KILLS {
            let mut writer = Process::start("writer", scheme, directory.path(), next);
            // Some die while they open, most while they write.
            let moment = Duration::from_micros(fastrand::u64(0..60_000));
            let mut said = Vec::new();
            if kill % 5 != 0 {
                said.push(writer.wait_for("did"));
            }
            std::thread::sleep(moment);
            writer.kill();
            said.extend(writer.heard("did"));
            for number in said {
                assert_eq!(number, next);
                state = after(state, number);
                next += 1;
            }

            // It may have been killed between the next step and saying so.
            let store = open(scheme, directory.path(), "");
            let found = read(&store);
            let flying = after(state.clone(), next);
            assert!(
                found == state || found == flying,
                "{scheme}, kill {kill}, step {next}: {found:?} instead of {state:?}"
            );
            take(&store, next + 1).unwrap();
            state = after(found, next + 1);
            next += 2;
            if kill % 2 == 0 {
                close(&store);
            }
        }
        assert!(next > 10 * KILLS, "{scheme}: the test wrote little, {next}");
    }
}

#[test]
fn of_changes_at_once_the_one_that_callers_see_is_the_one_that_a_kill_leaves() {
    const ROUNDS: u64 = 40_000;
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "flush=1h");
        let rounds = [0, 1].map(AtomicU64::new);
        std::thread::scope(|scope| {
            for mine in [0, 1] {
                let (store, rounds) = (&store, &rounds);
                scope.spawn(move || {
                    for round in 1..=ROUNDS {
                        rounds[mine].store(round, Ordering::SeqCst);
                        while rounds[1 - mine].load(Ordering::SeqCst) < round {
                            std::hint::spin_loop();
                        }
                        let done = match mine {
                            0 => crate::support::put(store, round),
                            _ => block_on(store.remove(&key(round))),
                        };
                        done.unwrap();
                    }
                });
            }
        });
        let left = Directory::new();
        copy_all(directory.path(), left.path());
        let after = open(scheme, left.path(), "");
        // Meanwhile calls are told that it is at work.
        eventually("the journal is brought in", || {
            block_on(after.ping()).is_ok()
        });
        for round in 1..=ROUNDS {
            assert_eq!(holds(&after, round), holds(&store, round), "{scheme}");
        }
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
