//! The promises of backends that keep results as they are.

mod keeping;
mod sharing;

use std::sync::Arc;

use opero_core::Key;

use super::run::{Opener, Promise, answer};
use crate::{CacheBackend, Entry, Peek};

pub(super) const PROMISES: &[Promise<dyn CacheBackend>] = &[
    ("what was put is found", keeping::found),
    ("what was never put is not found", keeping::absent),
    (
        "a later put takes the place of an earlier one",
        keeping::replaced,
    ),
    ("what was removed is gone", keeping::removed),
    (
        "clearing empties the function, and no other one",
        keeping::cleared,
    ),
    (
        "it does what a map does, operation by operation",
        keeping::like_a_map,
    ),
    (
        "whether an entry has expired is not its affair",
        keeping::expired,
    ),
    ("a sweep drops nothing that has not expired", keeping::swept),
    (
        "the capacity is a bound, and what goes for it is counted",
        keeping::bounded,
    ),
    ("many threads find each its own", sharing::threads),
    (
        "many threads put one key and find one of theirs",
        sharing::one_key,
    ),
    (
        "a call that is given up disturbs no later one",
        sharing::given_up,
    ),
    ("`Debug` shows neither keys nor values", sharing::secretive),
    ("it answers a ping, and closes", sharing::closed),
];

type Backend = Arc<dyn CacheBackend>;
type Opening<'a> = Opener<'a, dyn CacheBackend>;

fn put(backend: &Backend, key: &Key, value: u64) -> Result<(), String> {
    answer("put", backend.put(key, Entry::new(value, None)))
}

/// What there is, by `peek` and by `get`, which must agree.
fn look(backend: &Backend, key: &Key) -> Result<Option<Entry>, String> {
    let got = answer("get", backend.get(key))?;
    match (backend.peek(key), &got) {
        (Peek::Hit(peeked), Some(got)) if number(&peeked) != number(got) => {
            Err("`peek` finds another value than `get`".to_owned())
        }
        (Peek::Hit(_), None) => Err("`peek` finds what `get` does not".to_owned()),
        (Peek::Miss, Some(_)) => Err("`peek` misses what `get` finds".to_owned()),
        _ => Ok(got),
    }
}

/// The number under `key`.
fn find(backend: &Backend, key: &Key) -> Result<Option<u64>, String> {
    match look(backend, key)? {
        None => Ok(None),
        Some(entry) => match number(&entry) {
            None => Err("the entry that comes back has another value's type".to_owned()),
            number => Ok(number),
        },
    }
}

fn number(entry: &Entry) -> Option<u64> {
    entry.value().copied()
}
