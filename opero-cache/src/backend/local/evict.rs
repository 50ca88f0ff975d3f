//! Making room: what is soonest not needed any more goes first, among a few that chance picks.
//!
//! As redis does it, and for the same reason: an exact order would have to be kept for every record, on the disk too.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::age::age_of;
use super::batch::apply;
use super::change::{Change, Totals};
use super::engine::{Engine, Fault, Scan, guarded};
use super::id::{Id, KeyspaceId, id_of};
use super::keyspace::Keyspace;

/// For each record that is to go, so many are compared: fewer were more of a gamble.
const COMPARED: u64 = 8;
/// But so many at least and at most, of which half may go: each time costs a commit, so the more there are to go, the more
/// go at once.
const SAMPLE: (u64, u64) = (64, 4_096);

/// What has to go.
#[derive(Debug, Clone, Copy)]
enum Excess {
    Entries(u64),
    Bytes { over: u64, mean: u64 },
}

impl Excess {
    /// About how many records that is.
    fn entries(self) -> u64 {
        match self {
            Self::Entries(entries) => entries,
            Self::Bytes { over, mean } => over.div_ceil(mean.max(1)),
        }
    }

    /// Returns `true` if it is gone with those.
    fn is_covered(self, gone: Totals) -> bool {
        match self {
            Self::Entries(entries) => gone.entries >= entries,
            Self::Bytes { over, .. } => gone.bytes >= over,
        }
    }
}

/// Evicts until each keyspace has its capacity at most, and all of them together `max_bytes`.
pub(super) fn down_to_bounds<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    keyspaces: &[Arc<Keyspace>],
    max_bytes: u64,
) -> Result<(), Fault> {
    let mut evicted: HashMap<KeyspaceId, u64> = HashMap::new();
    let mut evict = |totals: &mut _, keyspace, excess| -> Result<bool, Fault> {
        let count = evict(engine, totals, keyspace, excess)?;
        *evicted.entry(keyspace).or_default() += count;
        Ok(count > 0)
    };
    let mut run = || -> Result<(), Fault> {
        for keyspace in keyspaces {
            let capacity = keyspace.capacity.load(Ordering::Relaxed);
            while let Some(excess) = excess(totals, keyspace.id, capacity) {
                if !evict(totals, keyspace.id, Excess::Entries(excess))? {
                    break;
                }
            }
        }
        loop {
            let held = totals.values().map(|totals| totals.bytes).sum::<u64>();
            let Some(over) = held.checked_sub(max_bytes).filter(|over| *over > 0) else {
                break;
            };
            // The function that holds the most gives first.
            let Some((keyspace, most)) = totals.iter().max_by_key(|(_, totals)| totals.bytes)
            else {
                break;
            };
            let (keyspace, mean) = (*keyspace, most.bytes / most.entries.max(1));
            if !evict(totals, keyspace, Excess::Bytes { over, mean })? {
                break;
            }
        }
        Ok(())
    };
    let result = run();
    for keyspace in keyspaces {
        if let Some(count) = evicted.get(&keyspace.id) {
            keyspace.evictions.fetch_add(*count, Ordering::Relaxed);
        }
    }
    result
}

fn excess(
    totals: &HashMap<KeyspaceId, Totals>,
    keyspace: KeyspaceId,
    capacity: u64,
) -> Option<u64> {
    let excess = totals.get(&keyspace)?.entries.checked_sub(capacity)?;
    (excess > 0).then_some(excess)
}

/// Evicts some, `excess` at most, and says how many.
fn evict<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    keyspace: KeyspaceId,
    excess: Excess,
) -> Result<u64, Fault> {
    let (least, most) = SAMPLE;
    let wanted = excess.entries().saturating_mul(COMPARED).clamp(least, most);
    let sample = sample(engine, keyspace, wanted as usize)?;
    if sample.is_empty() {
        // There is nothing to count.
        totals.remove(&keyspace);
        return Ok(0);
    }
    let mut gone = Totals::default();
    let mut victims = Vec::new();
    for (_, id, stored) in &sample[..sample.len().div_ceil(2)] {
        if excess.is_covered(gone) {
            break;
        }
        gone.add(*stored);
        victims.push(removal(*id));
    }
    apply(engine, totals, &victims)?;
    Ok(victims.len() as u64)
}

/// Some records of a keyspace that chance picks, by age: those that are soonest not needed any more first.
fn sample<E: Engine>(
    engine: &E,
    keyspace: KeyspaceId,
    wanted: usize,
) -> Result<Vec<(Option<u64>, Id, usize)>, Fault> {
    let mut sample = Vec::with_capacity(wanted);
    // Keys are hashes: those that follow on a random one are themselves random.
    let start = fastrand::u128(..);
    for (from, end) in [(start, u128::MAX), (0, start)] {
        let end = id_of(keyspace, end);
        guarded(|| {
            engine.scan(&id_of(keyspace, from), &mut |id, stored| {
                if *id > end || sample.len() == wanted {
                    return Scan::Enough;
                }
                sample.push((age_of(stored), *id, stored.len()));
                Scan::More
            })
        })?;
    }
    sample.sort_unstable();
    sample.dedup();
    Ok(sample)
}

fn removal(id: Id) -> Change {
    Change { id, record: None }
}
