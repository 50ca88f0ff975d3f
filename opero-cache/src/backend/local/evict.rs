//! Making room: what is soonest not needed any more goes first, among a few that chance picks.
//!
//! As redis does it, and for the same reason: an exact order would have to be kept for every record, on the disk too.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::change::{Change, Id, SpaceId, Totals, age_of, id_of, space_of};
use super::engine::{Engine, Fault, Scan, guarded};
use super::space::Space;
use super::worker::writing::apply;

/// So many are compared.
const SAMPLE: usize = 64;
/// And so many of them evicted, at most.
const VICTIMS: usize = 8;

/// Evicts until each space has its capacity at most, and all of them together `max_bytes`.
pub(super) fn down_to_bounds<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    spaces: &[Arc<Space>],
    max_bytes: u64,
) -> Result<(), Fault> {
    let mut evicted: HashMap<SpaceId, u64> = HashMap::new();
    let mut evict = |totals: &mut _, space, excess| -> Result<bool, Fault> {
        let count = evict(engine, totals, space, excess)?;
        *evicted.entry(space).or_default() += count;
        Ok(count > 0)
    };
    let mut run = || -> Result<(), Fault> {
        for space in spaces {
            let capacity = space.capacity.load(Ordering::Relaxed);
            while let Some(excess) = excess(totals, space.id, capacity) {
                if !evict(totals, space.id, excess)? {
                    break;
                }
            }
        }
        while totals.values().map(|totals| totals.bytes).sum::<u64>() > max_bytes {
            // The function that holds the most gives first.
            let Some((space, held)) = totals.iter().max_by_key(|(_, totals)| totals.bytes) else {
                break;
            };
            let (space, total) = (*space, *held);
            let over = totals.values().map(|totals| totals.bytes).sum::<u64>() - max_bytes;
            let mean = (total.bytes / total.entries.max(1)).max(1);
            if !evict(totals, space, over.div_ceil(mean))? {
                break;
            }
        }
        Ok(())
    };
    let result = run();
    for space in spaces {
        if let Some(count) = evicted.get(&space.id) {
            space.evictions.fetch_add(*count, Ordering::Relaxed);
        }
    }
    result
}

fn excess(totals: &HashMap<SpaceId, Totals>, space: SpaceId, capacity: u64) -> Option<u64> {
    let excess = totals.get(&space)?.entries.checked_sub(capacity)?;
    (excess > 0).then_some(excess)
}

/// Evicts some, `excess` at most, and says how many.
fn evict<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    space: SpaceId,
    excess: u64,
) -> Result<u64, Fault> {
    // Keys are hashes: those that follow on a random one are themselves random.
    let start = fastrand::u128(..);
    let mut sample = Vec::with_capacity(SAMPLE);
    for from in [start, 0] {
        guarded(|| {
            engine.scan(&id_of(space, from), &mut |id, stored| {
                if space_of(id) != space || sample.len() == SAMPLE {
                    return Scan::Enough;
                }
                sample.push((age_of(stored), *id));
                Scan::More
            })
        })?;
    }
    sample.sort_unstable();
    sample.dedup();
    let mut victims = VICTIMS.min(sample.len().div_ceil(2));
    victims = victims.min(usize::try_from(excess).unwrap_or(usize::MAX));
    if victims == 0 && sample.is_empty() {
        // There is nothing to count.
        totals.remove(&space);
        return Ok(0);
    }
    let changes: Vec<_> = sample[..victims]
        .iter()
        .map(|(_, id)| removal(*id))
        .collect();
    apply(engine, totals, &changes)?;
    Ok(victims as u64)
}

fn removal(id: Id) -> Change {
    Change { id, record: None }
}
