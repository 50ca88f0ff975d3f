//! The promises of stores that keep records.

mod apart;
mod keeping;
mod leases;
mod outliving;
mod records;
mod sharing;

use std::sync::Arc;
use std::time::Duration;

use opero_core::Key;

use super::run::{Opener, Promise, answer};
use crate::{ByteStore, Spot};

pub(super) const PROMISES: &[Promise<dyn ByteStore>] = &[
    ("what was put is found, byte for byte", keeping::found),
    ("what was never put is not found", keeping::absent),
    (
        "a later record takes the place of an earlier one",
        keeping::replaced,
    ),
    ("what was removed is gone", keeping::removed),
    (
        "it does what a map does, operation by operation",
        keeping::like_a_map,
    ),
    (
        "no time to keep a record is too short or too long",
        keeping::kept,
    ),
    ("two functions never see each other's records", apart::apart),
    (
        "clearing empties the function, and no other one",
        apart::cleared,
    ),
    ("many records are cleared like few", apart::many_cleared),
    ("many threads never mix records", sharing::threads),
    (
        "a call that is given up disturbs no later one",
        sharing::given_up,
    ),
    ("`Debug` shows neither keys nor records", sharing::secretive),
    ("it answers a ping, and closes", sharing::closed),
    (
        "one holds the lease, and the others learn of it",
        leases::exclusive,
    ),
    (
        "a lease that is given up or dropped passes on",
        leases::passed_on,
    ),
    ("leases of other calls are others", leases::apart),
    ("of many that claim at once one executes", leases::contended),
];

pub(super) const OUTLIVING: &[Promise<dyn ByteStore>] = &[
    (
        "another handle beside it sees the same records",
        outliving::beside,
    ),
    ("another handle after it sees its records", outliving::after),
    ("handles share their leases", outliving::leases),
    (
        "clearing the namespace empties all of its functions, and no other",
        apart::namespace_cleared,
    ),
];

type Store = Arc<dyn ByteStore>;
type Opening<'a> = Opener<'a, dyn ByteStore>;

const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn put(store: &Store, key: &Key, record: &[u8]) -> Result<(), String> {
    answer("put", store.put(key, record.to_vec(), HOUR))
}

fn get(store: &Store, key: &Key) -> Result<Option<Vec<u8>>, String> {
    answer("get", store.get(key))
}

/// What there is, by `read` and by `get`, which must agree.
fn find(store: &Store, key: &Key) -> Result<Option<Vec<u8>>, String> {
    let got = get(store, key)?;
    let mut shown = Vec::new();
    let spot = store
        .read(key, &mut |record| shown.push(record.to_vec()))
        .map_err(|error| format!("`read` fails: {error}"))?;
    match (spot, shown.as_slice(), &got) {
        (Spot::Found, [read], Some(got)) if read == got => {}
        (Spot::Missing, [], None) | (Spot::NeedsAsync, [], _) => {}
        (Spot::Found, [_], Some(_)) => return Err("`read` shows another record than `get`".into()),
        (Spot::Found, [_], None) => return Err("`read` shows what `get` does not find".into()),
        (Spot::Missing, [], Some(_)) => return Err("`read` misses what `get` finds".into()),
        (spot, shown, _) => {
            let times = shown.len();
            return Err(format!("`read` says {spot:?} and shows {times} records"));
        }
    }
    Ok(got)
}
