//! Removing what has expired, a slice at a time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::age::{age_of, now_millis};
use super::batch::apply;
use super::change::{Change, Totals};
use super::engine::{Engine, Fault, Scan, guarded};
use super::id::{Id, KeyspaceId};

/// A slice looks at records for so long, and at `STEP` more.
const SLICE: Duration = Duration::from_millis(5);
const STEP: usize = 256;

/// One slice of a sweep through a database.
pub(super) struct Slice<'s, E> {
    engine: &'s E,
    totals: &'s mut HashMap<KeyspaceId, Totals>,
    cursor: &'s mut Id,
}

impl<'s, E: Engine> Slice<'s, E> {
    /// A slice that goes on at `cursor`.
    pub(super) fn new(
        engine: &'s E,
        totals: &'s mut HashMap<KeyspaceId, Totals>,
        cursor: &'s mut Id,
    ) -> Self {
        Self {
            engine,
            totals,
            cursor,
        }
    }

    /// Sweeps until the slice is over, or the end is reached: then the next one begins at the front.
    pub(super) fn run(&mut self) -> Result<(), Fault> {
        let end = Instant::now() + SLICE;
        let mut reached = false;
        while !reached && Instant::now() < end {
            reached = self.step()?;
        }
        Ok(())
    }

    /// Looks at some records, and says whether they were the last.
    fn step(&mut self) -> Result<bool, Fault> {
        let now = now_millis();
        let (mut seen, mut last) = (0, None);
        let mut expired = Vec::new();
        guarded(|| {
            self.engine.scan(self.cursor, &mut |id, stored| {
                if seen == STEP {
                    last = Some(*id);
                    return Scan::Enough;
                }
                seen += 1;
                // One that is too short to have an age was never whole.
                if age_of(stored).is_none_or(|age| age <= now) {
                    expired.push(Change {
                        id: *id,
                        record: None,
                    });
                }
                Scan::More
            })
        })?;
        apply(self.engine, self.totals, &expired)?;
        *self.cursor = last.unwrap_or([0; 32]);
        Ok(last.is_none())
    }
}
