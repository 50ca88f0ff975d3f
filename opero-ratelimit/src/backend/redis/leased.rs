//! Permits in hand, each to be used in an interval of its own.

use std::collections::VecDeque;

use super::gcra::{Gcra, LIFE, Order, Reply};

/// Two clocks are trusted to run apart by no more than one part in this: three times what NTP does to a clock that it
/// corrects.
const DRIFT: u64 = 600;

/// The batches that a process holds of one limiter, the oldest first. Times are nanoseconds of its own monotonic clock.
#[derive(Debug, Default)]
pub(super) struct LeasedPermits {
    batches: VecDeque<Batch>,
}

/// Consecutive permits.
#[derive(Debug, Clone, Copy)]
struct Batch {
    /// The server's now lay somewhere between these two.
    sent: u64,
    received: u64,
    /// The nominal time of the first permit that is left, after the server's now.
    nominal: u64,
    left: u32,
    /// Another process could have used them: the server had no permits to spare.
    scarce: bool,
}

/// Permits that were thrown away.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expired {
    pub(super) count: u32,
    /// Those of them that others were short of.
    pub(super) missed: u32,
}

/// The answer to a request for permits in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// They are used.
    Taken,
    /// They are there, but may be used only from this instant on.
    NotBefore(u64),
    /// There are not enough.
    Short,
}

impl LeasedPermits {
    /// Adds a batch that was asked for at `sent` and arrived at `received`.
    pub(super) fn add(&mut self, order: Order, reply: &Reply, sent: u64, received: u64) {
        let nominal = reply.first.saturating_sub(reply.now);
        self.batches.push_back(Batch {
            sent,
            received,
            nominal,
            left: order.size,
            scarce: nominal > order.hold,
        });
    }

    /// Throws away the permits whose time has passed.
    pub(super) fn expire(&mut self, gcra: &Gcra, now: u64) -> Expired {
        let mut expired = Expired::default();
        while let Some(batch) = self.batches.front_mut() {
            if batch.left > 0 && batch.until(0, gcra) >= now {
                break;
            }
            if batch.left == 0 {
                self.batches.pop_front();
                continue;
            }
            batch.skip(1, gcra);
            expired.count += 1;
            expired.missed += u32::from(batch.scarce);
        }
        expired
    }

    /// Uses `cost` permits; all of them are within their time at `now`, or none is used.
    pub(super) fn take(&mut self, gcra: &Gcra, cost: u32, now: u64) -> Take {
        let mut missing = cost;
        for batch in &self.batches {
            if batch.left >= missing {
                // The last of them is there last.
                let from = batch.from(missing - 1, gcra);
                if from > now {
                    return Take::NotBefore(from);
                }
                self.remove(gcra, cost);
                return Take::Taken;
            }
            missing -= batch.left;
        }
        Take::Short
    }

    fn remove(&mut self, gcra: &Gcra, cost: u32) {
        let mut missing = cost;
        while missing > 0 {
            let Some(batch) = self.batches.front_mut() else {
                return;
            };
            let part = batch.left.min(missing);
            batch.skip(part, gcra);
            missing -= part;
            if batch.left == 0 {
                self.batches.pop_front();
            }
        }
    }

    /// How many there are, in their time or before it.
    pub(super) fn len(&self) -> u32 {
        self.batches.iter().map(|batch| batch.left).sum()
    }
}

impl Batch {
    /// The earliest use of permit `index`. The server's now is taken to be as late as it can have been.
    fn from(&self, index: u32, gcra: &Gcra) -> u64 {
        let after = self.nominal(index, gcra).saturating_sub(gcra.slack());
        self.received
            .saturating_add(after)
            .saturating_add(after / DRIFT)
    }

    /// The latest use of permit `index`. The server's now is taken to be as early as it can have been.
    fn until(&self, index: u32, gcra: &Gcra) -> u64 {
        let after = self.nominal(index, gcra).min(LIFE);
        self.sent.saturating_add(after - after / DRIFT)
    }

    fn nominal(&self, index: u32, gcra: &Gcra) -> u64 {
        let later = gcra.period.saturating_mul(u64::from(index));
        self.nominal.saturating_add(later)
    }

    fn skip(&mut self, count: u32, gcra: &Gcra) {
        self.nominal = self.nominal(count, gcra);
        self.left -= count;
    }
}
