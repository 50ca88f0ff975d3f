//! What is promised only by stores whose records outlive the handle.

use opero_core::block_on;

use super::leases::{Claimed, claim};
use super::{Opening, find, put};
use crate::conformance::run::{Seen, answer, ensure, key};

pub(super) fn beside(opening: &Opening<'_>) -> Seen {
    let (one, other) = (opening.open()?, opening.open()?);
    put(&one, &key(1), b"one")?;
    let found = find(&other, &key(1))?;
    ensure!(
        found.as_deref() == Some(b"one"),
        "it does not see what was put"
    );
    put(&other, &key(1), b"other")?;
    let found = find(&one, &key(1))?;
    ensure!(found.as_deref() == Some(b"other"), "it sees an earlier one");
    answer("remove", one.remove(&key(1)))?;
    ensure!(find(&other, &key(1))?.is_none(), "it sees what was removed");
    put(&one, &key(1), b"one")?;
    answer("clear", other.clear())?;
    ensure!(find(&one, &key(1))?.is_none(), "it sees what was cleared");
    Ok(())
}

pub(super) fn after(opening: &Opening<'_>) -> Seen {
    let one = opening.open()?;
    put(&one, &key(1), b"one")?;
    answer("close", one.close())?;
    drop(one);
    let other = opening.open()?;
    let found = find(&other, &key(1))?;
    ensure!(
        found.as_deref() == Some(b"one"),
        "it does not see what was put"
    );
    Ok(())
}

pub(super) fn leases(opening: &Opening<'_>) -> Seen {
    let (one, other) = (opening.open()?, opening.open()?);
    let Some(Claimed::Acquired(lease, _)) = claim(&one, &key(1))? else {
        return Ok(());
    };
    let claimed = claim(&other, &key(1))?;
    ensure!(matches!(claimed, Some(Claimed::Held(..))), "both hold it");
    block_on(lease.release());
    let claimed = claim(&other, &key(1))?;
    ensure!(
        matches!(claimed, Some(Claimed::Acquired(..))),
        "it does not pass on"
    );
    Ok(())
}
