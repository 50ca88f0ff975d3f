use std::collections::HashMap;

use opero_core::Instant;

use super::{Opening, find, look, put};
use crate::conformance::run::{Random, Seen, answer, ensure, eventually, key};
use crate::{CacheOptions, Entry};

pub(super) fn found(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    let expires = Some(Instant::from_nanos(u64::MAX / 2));
    let entry = Entry::new("text".to_owned(), expires);
    answer("put", backend.put(&key(1), entry))?;
    put(&backend, &key(2), 2)?;
    let Some(entry) = look(&backend, &key(1))? else {
        return Err("there is nothing".to_owned());
    };
    let text = entry.value::<String>().map(String::as_str);
    ensure!(text == Some("text"), "its value is another");
    ensure!(entry.expires() == expires, "it expires at another time");
    let found = find(&backend, &key(2))?;
    ensure!(found == Some(2), "beside it there is {found:?} for Some(2)");
    Ok(())
}

pub(super) fn absent(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    ensure!(find(&backend, &key(1))?.is_none(), "found in an empty one");
    put(&backend, &key(1), 1)?;
    ensure!(find(&backend, &key(2))?.is_none(), "found beside another");
    Ok(())
}

pub(super) fn replaced(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    for value in 1..=3 {
        put(&backend, &key(1), value)?;
        let found = find(&backend, &key(1))?;
        ensure!(found == Some(value), "found {found:?} for Some({value})");
    }
    Ok(())
}

pub(super) fn removed(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    put(&backend, &key(1), 1)?;
    put(&backend, &key(2), 2)?;
    for time in ["first", "second"] {
        answer("remove", backend.remove(&key(1)))?;
        let found = find(&backend, &key(1))?;
        ensure!(found.is_none(), "still there after the {time} time");
    }
    let found = find(&backend, &key(2))?;
    ensure!(found == Some(2), "with it went another");
    put(&backend, &key(1), 3)?;
    let found = find(&backend, &key(1))?;
    ensure!(found == Some(3), "put again, it is not there");
    Ok(())
}

pub(super) fn cleared(opening: &Opening<'_>) -> Seen {
    let (one, other) = (opening.open_for("", "one")?, opening.open_for("", "other")?);
    for number in 0..100 {
        put(&one, &key(number), number)?;
        put(&other, &key(1000 + number), number)?;
    }
    answer("clear", one.clear())?;
    for number in 0..100 {
        let left = find(&one, &key(number))?;
        ensure!(left.is_none(), "an entry is still there");
        let found = find(&other, &key(1000 + number))?;
        ensure!(found == Some(number), "another function lost an entry");
    }
    put(&one, &key(1), 1)?;
    ensure!(
        find(&one, &key(1))? == Some(1),
        "afterwards it keeps nothing"
    );
    Ok(())
}

pub(super) fn like_a_map(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    let (mut map, mut random) = (HashMap::new(), Random(7));
    for step in 0..1000 {
        let at = random.below(8);
        match random.below(20) {
            0 => {
                answer("clear", backend.clear())?;
                map.clear();
            }
            1..6 => {
                answer("remove", backend.remove(&key(at)))?;
                map.remove(&at);
            }
            _ => {
                put(&backend, &key(at), step)?;
                map.insert(at, step);
            }
        }
        let at = random.below(8);
        let (found, expected) = (find(&backend, &key(at))?, map.get(&at).copied());
        ensure!(found == expected, "found {found:?} for {expected:?}");
    }
    Ok(())
}

/// The pipeline's clock may be a test's, which stands near zero or runs years ahead.
pub(super) fn expired(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    for nanos in [0, 1, u64::MAX / 2] {
        let entry = Entry::new(nanos, Some(Instant::from_nanos(nanos)));
        answer("put", backend.put(&key(nanos), entry))?;
        let found = find(&backend, &key(nanos))?;
        ensure!(found == Some(nanos), "an entry is not handed back");
    }
    Ok(())
}

pub(super) fn swept(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    for number in 0..100 {
        let expires = (number > 0).then(|| Instant::from_nanos(number * 10));
        let entry = Entry::new(number, expires);
        answer("put", backend.put(&key(number), entry))?;
    }
    answer("sweep", backend.sweep(Instant::from_nanos(500)))?;
    for number in (0..100).filter(|&number| number == 0 || number > 50) {
        let found = find(&backend, &key(number))?;
        ensure!(
            found == Some(number),
            "an entry that had not expired is gone"
        );
    }
    Ok(())
}

/// Some count in shards, and round up in each: a quarter more is let pass.
pub(super) fn bounded(opening: &Opening<'_>) -> Seen {
    const CAPACITY: u64 = 1000;
    const MOST: u64 = CAPACITY + CAPACITY / 4;
    const PUT: u64 = 10 * CAPACITY;
    let backend = opening.open_with(&CacheOptions::default().with_capacity(CAPACITY))?;
    for number in 0..PUT {
        put(&backend, &key(number), number)?;
    }
    let mut held = 0;
    let bounded = eventually(|| {
        held = 0;
        for number in 0..PUT {
            let found = find(&backend, &key(number))?;
            ensure!(
                found.is_none_or(|found| found == number),
                "found another's value"
            );
            held += u64::from(found.is_some());
        }
        Ok(held <= MOST && backend.entries() <= MOST)
    })?;
    let (entries, evictions) = (backend.entries(), backend.evictions());
    ensure!(
        bounded,
        "of a capacity of {CAPACITY}, {held} entries are held, and {entries} counted"
    );
    ensure!(held > 0, "it keeps nothing at all");
    // Who does not know how many there are need not know how many went.
    ensure!(
        entries == 0 || entries + evictions >= PUT / 2,
        "of {PUT} entries {entries} are held, and {evictions} counted as evicted"
    );
    Ok(())
}
