use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;

use super::records::{check, record};
use super::{HOUR, Opening, find, get, put};
use crate::conformance::run::{Random, Seen, answer, ensure, eventually, key};

pub(super) fn threads(opening: &Opening<'_>) -> Seen {
    let (one, other) = (opening.open()?, opening.open_for("", "other")?);
    let work = |thread: u64| {
        let mut random = Random(thread + 1);
        for step in 0..200 {
            let at = random.below(8);
            // The same keys in both, with records of other owners.
            let (store, owner) = match random.below(2) {
                0 => (&one, at),
                _ => (&other, at + 100),
            };
            match random.below(10) {
                0 => answer("remove", store.remove(&key(at)))?,
                1..5 => put(store, &key(at), &record(owner, thread << 16 | step))?,
                _ => get(store, &key(at))?.map_or(Ok(()), |found| check(owner, &found))?,
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || work(n))).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a thread panicked".to_owned()))
        })
    })
}

/// A caller that is cancelled, or times out, drops the future at one of its waits.
pub(super) fn given_up(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    let mut cx = Context::from_waker(Waker::noop());
    for number in 0..10 {
        let given_up = b"given up".to_vec();
        let _ = pin!(store.put(&key(number), given_up, HOUR)).poll(&mut cx);
        let _ = pin!(store.get(&key(number))).poll(&mut cx);
        let _ = pin!(store.remove(&key(number))).poll(&mut cx);
        let _ = pin!(store.claim(&key(number))).poll(&mut cx);
    }
    let _ = pin!(store.clear()).poll(&mut cx);
    // What was given up may still be done, and then take what came after it.
    let kept = eventually(|| {
        put(&store, &key(1), b"kept")?;
        Ok(find(&store, &key(1))?.as_deref() == Some(b"kept"))
    })?;
    ensure!(kept, "afterwards it keeps nothing");
    Ok(())
}

pub(super) fn secretive(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    let secret = key(1).as_u128();
    put(&store, &key(1), b"s3cret")?;
    let shown = format!("{store:?} {store:#?}").to_lowercase();
    let keys = [format!("{secret}"), format!("{secret:x}")];
    ensure!(
        !keys.iter().any(|key| shown.contains(key)),
        "it shows a key"
    );
    let bytes = format!("{:?}", b"s3cret");
    let bytes = bytes.trim_matches(['[', ']']);
    // `{:#?}` has a line for each byte.
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(
        !shown.contains("s3cret") && !shown.contains(bytes),
        "it shows a record"
    );
    Ok(())
}

pub(super) fn closed(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    ensure!(!store.scheme().is_empty(), "its scheme is empty");
    answer("ping", store.ping())?;
    put(&store, &key(1), b"record")?;
    answer("close", store.close())?;
    // Calls after it may fail, but come to an end.
    let _ = get(&store, &key(1));
    answer("close", store.close())
}
