use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;

use super::{Opening, find, put};
use crate::Entry;
use crate::conformance::run::{Seen, answer, ensure, eventually, key};

const THREADS: u64 = 4;

pub(super) fn threads(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    let one = |thread: u64| {
        for number in 0..500 {
            let number = thread << 32 | number;
            put(&backend, &key(number), number)?;
            let found = find(&backend, &key(number))?;
            ensure!(found == Some(number), "found {found:?} for Some({number})");
        }
        Ok(())
    };
    in_threads(one)
}

pub(super) fn one_key(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    let one = |thread: u64| {
        for _ in 0..1000 {
            put(&backend, &key(1), thread)?;
            let found = answer("get", backend.get(&key(1)))?;
            let found = found.and_then(|entry| entry.value::<u64>().copied());
            let theirs = found.is_some_and(|found| found < THREADS);
            ensure!(theirs, "found {found:?}, which was never put");
        }
        Ok(())
    };
    in_threads(one)
}

fn in_threads(one: impl Fn(u64) -> Seen + Sync) -> Seen {
    let one = &one;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || one(thread)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a thread panicked".to_owned()))
        })
    })
}

/// A caller that is cancelled drops the future at its first wait.
pub(super) fn given_up(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    let mut cx = Context::from_waker(Waker::noop());
    for number in 0..10 {
        let _ = pin!(backend.put(&key(number), Entry::new(0_u64, None))).poll(&mut cx);
        let _ = pin!(backend.get(&key(number))).poll(&mut cx);
        let _ = pin!(backend.remove(&key(number))).poll(&mut cx);
    }
    let _ = pin!(backend.clear()).poll(&mut cx);
    // What was given up may still be done, and then take what came after it.
    let kept = eventually(|| {
        put(&backend, &key(1), 1)?;
        Ok(find(&backend, &key(1))? == Some(1))
    })?;
    ensure!(kept, "afterwards it keeps nothing");
    Ok(())
}

pub(super) fn secretive(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    let secret = key(1).as_u128();
    let entry = Entry::new("s3cret".to_owned(), None);
    answer("put", backend.put(&key(1), entry))?;
    let shown = format!("{backend:?} {backend:#?}");
    let keys = [format!("{secret}"), format!("{secret:x}")];
    ensure!(
        !keys.iter().any(|key| shown.contains(key)),
        "it shows a key"
    );
    ensure!(!shown.contains("s3cret"), "it shows a value");
    Ok(())
}

pub(super) fn closed(opening: &Opening<'_>) -> Seen {
    let backend = opening.open()?;
    ensure!(!backend.scheme().is_empty(), "its scheme is empty");
    answer("ping", backend.ping())?;
    put(&backend, &key(1), 1)?;
    answer("close", backend.close())?;
    // Calls after it may fail, but come to an end.
    let _ = answer("get", backend.get(&key(1)));
    answer("close", backend.close())
}
