//! Leases: promises only of stores that have them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use opero_core::{Key, block_on};

use super::{Opening, Store, put};
use crate::conformance::run::{Seen, answer, ensure, eventually, key};
use crate::{Claim, Lease};

/// A claim, and the record that came with it.
pub(super) enum Claimed {
    Acquired(Box<dyn Lease>, Option<Vec<u8>>),
    Held(u64, Option<Vec<u8>>),
}

/// `None` where the store has no leases.
pub(super) fn claim(store: &Store, key: &Key) -> Result<Option<Claimed>, String> {
    Ok(match answer("claim", store.claim(key))? {
        Claim::Acquired { lease, record } => Some(Claimed::Acquired(lease, record)),
        Claim::Held { holder, record } => Some(Claimed::Held(holder, record)),
        Claim::Unshared => None,
    })
}

pub(super) fn exclusive(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    let lease = match claim(&store, &key(1))? {
        None => return Ok(()),
        Some(Claimed::Acquired(lease, None)) => lease,
        Some(Claimed::Acquired(..)) => {
            return Err("a record came with it that was never put".into());
        }
        Some(Claimed::Held(..)) => return Err("it is taken before anybody claimed it".into()),
    };
    let (first, record) = taken(&store)?;
    ensure!(record.is_none(), "a record came with it that was never put");
    put(&store, &key(1), b"record")?;
    let (second, record) = taken(&store)?;
    ensure!(second == first, "the same holder has another number");
    ensure!(
        record.as_deref() == Some(b"record"),
        "the record that was put came with no claim"
    );
    block_on(lease.release());
    Ok(())
}

pub(super) fn passed_on(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    let Some(Claimed::Acquired(lease, _)) = claim(&store, &key(1))? else {
        return Ok(());
    };
    let (first, _) = taken(&store)?;
    put(&store, &key(1), b"record")?;
    block_on(lease.release());
    let Some(Claimed::Acquired(lease, record)) = claim(&store, &key(1))? else {
        return Err("released, it does not pass on".to_owned());
    };
    ensure!(
        record.as_deref() == Some(b"record"),
        "the record that its last holder put did not come with it"
    );
    let (second, _) = taken(&store)?;
    ensure!(second != first, "two leases have the same number");
    drop(lease);
    let mut next = None;
    let passed = eventually(|| {
        next = claim(&store, &key(1))?;
        Ok(matches!(next, Some(Claimed::Acquired(..))))
    })?;
    ensure!(passed, "dropped, it does not pass on");
    Ok(())
}

pub(super) fn apart(opening: &Opening<'_>) -> Seen {
    let (one, other) = (opening.open()?, opening.open_for("", "other")?);
    let Some(Claimed::Acquired(lease, _)) = claim(&one, &key(1))? else {
        return Ok(());
    };
    for (store, number, of) in [(&one, 2, "key"), (&other, 1, "function")] {
        let claimed = claim(store, &key(number))?;
        let mine = matches!(claimed, Some(Claimed::Acquired(..)));
        ensure!(mine, "the lease of another {of} is taken too");
    }
    block_on(lease.release());
    Ok(())
}

pub(super) fn contended(opening: &Opening<'_>) -> Seen {
    let store = opening.open()?;
    let (holders, held) = (AtomicU32::new(0), AtomicU32::new(0));
    let work = || {
        for _ in 0..20 {
            if let Some(Claimed::Acquired(lease, _)) = claim(&store, &key(1))? {
                let others = holders.fetch_add(1, Ordering::SeqCst);
                held.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
                holders.fetch_sub(1, Ordering::SeqCst);
                block_on(lease.release());
                ensure!(others == 0, "two hold it at once");
            }
        }
        Ok(())
    };
    let leased = claim(&store, &key(2))?.is_some();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a thread panicked".to_owned()))
        })
    })?;
    let held = held.into_inner();
    ensure!(!leased || held > 0, "it is never held");
    Ok(())
}

/// Returns the number of the holder of `key(1)`, and the record that came with it.
fn taken(store: &Store) -> Result<(u64, Option<Vec<u8>>), String> {
    match claim(store, &key(1))? {
        Some(Claimed::Held(holder, record)) => Ok((holder, record)),
        Some(Claimed::Acquired(..)) => Err("two hold it at once".to_owned()),
        None => Err("it has leases, and then has not".to_owned()),
    }
}
