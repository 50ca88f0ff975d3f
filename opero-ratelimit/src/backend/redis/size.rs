//! How many permits the next block has.

/// Of this many permits used, one may be thrown away.
const USED_PER_WASTED: u64 = 32;

/// Follows the demand: a block grows with what was used, and shrinks with what was thrown away.
///
/// Each permit used earns a thirty-second of one that may be wasted, and a block never has more permits than are earned.
/// So whatever the demand does, no more than one permit in 32 used is thrown away; a process that calls seldom asks for
/// single permits, which are used at once, and one that calls a lot grows its blocks by a thirty-second each time.
#[derive(Debug, Default)]
pub(super) struct Size {
    credit: u64,
}

impl Size {
    /// `count` permits were used.
    pub(super) fn used(&mut self, count: u32, largest: u32) {
        let most = USED_PER_WASTED * u64::from(largest);
        self.credit = (self.credit + u64::from(count)).min(most);
    }

    /// `count` permits were thrown away.
    pub(super) fn wasted(&mut self, count: u32) {
        let debit = USED_PER_WASTED * u64::from(count);
        self.credit = self.credit.saturating_sub(debit);
    }

    /// How many to ask for.
    pub(super) fn next(&self, largest: u32) -> u32 {
        let earned = u32::try_from(self.credit / USED_PER_WASTED).unwrap_or(u32::MAX);
        earned.clamp(1, largest)
    }
}
