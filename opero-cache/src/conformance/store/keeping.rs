use std::collections::HashMap;
use std::time::Duration;

use super::records::record;
use super::{Opening, find, get, put};
use crate::conformance::run::{Random, Seen, answer, ensure, key};

pub(super) fn found(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    for length in [0, 1, 255, 256, 65_535, 65_536, 1 << 20] {
        let record: Vec<u8> = (0..length).map(|at| (at * 31 / 7) as u8).collect();
        put(&store, &key(length), &record)?;
        let found = find(&store, &key(length))?;
        let Some(found) = found else {
            return Err(format!("a record of {length} bytes is not there"));
        };
        ensure!(
            found == record,
            "a record of {length} bytes comes back changed"
        );
    }
    Ok(())
}

pub(super) fn absent(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    ensure!(find(&store, &key(1))?.is_none(), "found in an empty one");
    put(&store, &key(1), b"record")?;
    ensure!(find(&store, &key(2))?.is_none(), "found beside another");
    Ok(())
}

pub(super) fn replaced(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    for record in [&b"first"[..], b"", b"a longer one than the first", b"last"] {
        put(&store, &key(1), record)?;
        let found = find(&store, &key(1))?;
        ensure!(found.as_deref() == Some(record), "an earlier one is found");
    }
    Ok(())
}

pub(super) fn removed(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    put(&store, &key(1), b"one")?;
    put(&store, &key(2), b"two")?;
    for time in ["first", "second"] {
        answer("remove", store.remove(&key(1)))?;
        let found = find(&store, &key(1))?;
        ensure!(found.is_none(), "still there after the {time} time");
    }
    let found = find(&store, &key(2))?;
    ensure!(found.as_deref() == Some(b"two"), "with it went another");
    put(&store, &key(1), b"again")?;
    let found = find(&store, &key(1))?;
    ensure!(
        found.as_deref() == Some(b"again"),
        "put again, it is not there"
    );
    Ok(())
}

pub(super) fn like_a_map(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    let (mut map, mut random) = (HashMap::new(), Random(7));
    for step in 0..300 {
        let at = random.below(8);
        match random.below(20) {
            0 => {
                answer("clear", store.clear())?;
                map.clear();
            }
            1..6 => {
                answer("remove", store.remove(&key(at)))?;
                map.remove(&at);
            }
            _ => {
                put(&store, &key(at), &record(at, step))?;
                map.insert(at, record(at, step));
            }
        }
        let at = random.below(8);
        let found = find(&store, &key(at))?;
        ensure!(
            found.as_ref() == map.get(&at),
            "in step {step}, found: {}, expected: {}",
            found.is_some(),
            map.contains_key(&at)
        );
    }
    Ok(())
}

pub(super) fn kept(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    let long = [None, Some(Duration::from_secs(60)), Some(Duration::MAX)];
    for (number, keep) in (0..).zip(long) {
        answer("put", store.put(&key(number), b"long".to_vec(), keep))?;
        let found = find(&store, &key(number))?;
        ensure!(found.is_some(), "kept for {keep:?}, it is gone at once");
    }
    // It may be gone, or still be there: but it is no error, and nothing is left of the one before.
    let short = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_millis(1),
    ];
    for keep in short {
        answer("put", store.put(&key(0), b"short".to_vec(), Some(keep)))
            .map_err(|error| format!("kept for {keep:?}, {error}"))?;
        // Looked at once: it may go between two ways to look.
        let found = get(&store, &key(0))?;
        ensure!(
            found.is_none_or(|found| found == b"short"),
            "put for {keep:?}, it did not take the place of the one before"
        );
    }
    Ok(())
}
