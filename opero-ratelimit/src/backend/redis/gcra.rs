//! What is asked of the script, and what it answers: pure arithmetic, in nanoseconds of the server's clock.
//!
//! The generic cell rate algorithm gives permit k a nominal time θₖ, and these lie at least one period T apart, over all
//! processes. A start at the time s may use permit k where `θₖ − (burst − 1)·T ≤ s ≤ θₖ`. That is all the bound needs: the
//! starts in a window [a, a + w] have nominal times in [a, a + w + (burst − 1)·T], and at most `burst + w / T` fit there.
//!
//! A single call uses its permits at once, at the server's `now ≤ θ`, or waits for them until `θ − (burst − 1)·T`, if that
//! is soon. A batch is permits to be used later, each in its
//! own interval; so there is nothing to take in batches without a burst.

use std::time::Duration;

use crate::Quota;

/// A permit in hand is thrown away after this time, however large the burst: it bounds what two clocks can drift apart
/// meanwhile, and how long a process that fell silent keeps what others could use.
pub(super) const LIFE: u64 = 1_000_000_000;

/// The next permit is taken already where it is there within this time, and no more than a period: who would have to ask
/// again then might come late, and without a burst the rate would lose that time.
pub(super) const SOON: u64 = 2_000_000;

/// Half of it is a batch of two permits.
pub(super) const SMALLEST_BURST: u32 = 4;

/// A quota, and how many permits a batch may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gcra {
    /// In nanoseconds.
    pub(super) period: u64,
    burst: u32,
    /// 1 where nothing is taken in batches.
    pub(super) largest_batch: u32,
}

/// A batch to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) size: u32,
    /// How long its first permit lasts at least, in nanoseconds from the server's now.
    pub(super) hold: u64,
}

/// A request for the script. All three in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    /// How far ahead of the server's now the first permit's nominal time may lie.
    pub(super) ahead: u64,
    /// How far ahead of it it lies at least.
    pub(super) hold: u64,
    /// The permits' periods.
    pub(super) span: u64,
}

/// The script's answer. In nanoseconds of the server's clock, since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) granted: bool,
    pub(super) now: u64,
    /// The first permit's nominal time, or what it would have been.
    pub(super) first: u64,
}

impl Gcra {
    /// `batch`: the most permits that are asked for in one batch.
    pub(super) fn new(quota: Quota, batch: u32) -> Self {
        let nanos = quota.period.as_nanos();
        // A validated quota is below 2⁶² ns, burst and all.
        let period = u64::try_from(nanos).unwrap_or(u64::MAX).max(1);
        let burst = quota.burst.get();
        // Half of the burst leaves each permit an interval as long as the other half; and no process waits long for others.
        let soon = u32::try_from(LIFE / 4 / period).unwrap_or(u32::MAX);
        Self {
            period,
            burst,
            largest_batch: batch.min(burst / 2).min(soon).max(1),
        }
    }

    /// Returns `true` if the burst is large enough for a batch.
    pub(super) const fn has_batches(&self) -> bool {
        self.burst >= SMALLEST_BURST
    }

    /// How much earlier than its nominal time a permit may be used.
    pub(super) fn slack(&self) -> u64 {
        self.periods(self.burst - 1)
    }

    /// `cost` permits, to be used at once; or once they are there, where that is [`SOON`].
    pub(super) fn single(&self, cost: u32) -> Request {
        Request {
            ahead: self.reach(cost),
            hold: 0,
            span: self.periods(cost),
        }
    }

    /// A batch of permits to keep in hand; the first may be used at once, or soon.
    pub(super) fn batch(&self, order: Order) -> Request {
        Request {
            ahead: self.reach(1),
            hold: order.hold,
            span: self.periods(order.size),
        }
    }

    /// For how long the first permit of a batch has to last, where the way to the server and back takes `trip`.
    ///
    /// Where the server has permits to spare, their nominal times are put off by that, so that they do not pass on the way
    /// here. It costs a part of the burst that is unused just then, and no rate. `None`: a burst does not last that long.
    pub(super) fn hold(&self, trip: u64) -> Option<u64> {
        let quarter = self.slack() / 4;
        let hold = quarter.max(trip.saturating_mul(2)).min(LIFE / 4);
        (trip < hold && hold <= 3 * quarter).then_some(hold)
    }

    /// How far ahead of the start the nominal time of the first of `cost` permits may lie.
    pub(super) fn ahead(&self, cost: u32) -> u64 {
        self.periods(self.burst.saturating_sub(cost))
    }

    /// The same for who waits for permits that are there soon.
    pub(super) fn reach(&self, cost: u32) -> u64 {
        self.ahead(cost).saturating_add(SOON.min(self.period))
    }

    fn periods(&self, count: u32) -> u64 {
        self.period.saturating_mul(u64::from(count))
    }
}

const SECOND: u64 = 1_000_000_000;

impl Request {
    /// As the script takes it.
    pub(super) fn arguments(&self) -> [u64; 6] {
        let [ahead, hold, span] = [self.ahead, self.hold, self.span].map(split);
        [ahead.0, ahead.1, hold.0, hold.1, span.0, span.1]
    }
}

fn split(nanos: u64) -> (u64, u64) {
    (nanos / SECOND, nanos % SECOND)
}

impl Reply {
    /// From what the script returns; `None` where that is something else.
    pub(super) fn from_script(numbers: &[i64]) -> Option<Self> {
        let [granted, now_s, now_ns, first_s, first_ns] = *numbers else {
            return None;
        };
        let join = |s: i64, ns: i64| {
            let (s, ns) = (u64::try_from(s).ok()?, u64::try_from(ns).ok()?);
            s.checked_mul(SECOND)?.checked_add(ns)
        };
        Some(Self {
            granted: granted == 1,
            now: join(now_s, now_ns)?,
            first: join(first_s, first_ns)?,
        })
    }

    /// How long after the server's now the permits are there, for whom the first may lie so far `ahead`.
    pub(super) fn wait(&self, ahead: u64) -> Duration {
        Duration::from_nanos(self.first.saturating_sub(self.now).saturating_sub(ahead))
    }
}
