//! How many permits the next batch has.

/// Of this many permits used, one may be thrown away that others were short of.
const USED_PER_WASTED: u64 = 32;
/// A batch that was used up makes the next one larger by one part in this.
const GROWTH: u64 = 4;
/// How many of the largest batches the savings last for.
const SAVINGS: u64 = 4;

/// Follows the demand: a batch grows with what was used, and is halved by what was thrown away.
///
/// Beside that, each permit used saves up for a thirty-second of one that may be wasted, and no batch has more permits
/// than are saved up. So whatever the demand does, no more than one permit in 32 used is taken from others and thrown away;
/// and a process that calls seldom asks for single permits, which are used at once.
#[derive(Debug)]
pub(super) struct BatchSize {
    largest: u32,
    /// What the demand suggests, times [`GROWTH`].
    suggested: u64,
    /// What may be wasted, times [`USED_PER_WASTED`].
    saved: u64,
}

impl BatchSize {
    pub(super) fn new(largest: u32) -> Self {
        Self {
            largest,
            suggested: GROWTH,
            saved: 0,
        }
    }

    /// `count` permits were used.
    pub(super) fn used(&mut self, count: u32) {
        let (count, largest) = (u64::from(count), u64::from(self.largest));
        self.suggested = (self.suggested + count).min(GROWTH * largest);
        self.saved = (self.saved + count).min(USED_PER_WASTED * SAVINGS * largest);
    }

    /// `count` permits were thrown away, and `missed` of them by others.
    pub(super) fn wasted(&mut self, count: u32, missed: u32) {
        let less = (GROWTH * u64::from(count)).min(self.suggested / 2);
        self.suggested -= less;
        let spent = USED_PER_WASTED * u64::from(missed);
        self.saved = self.saved.saturating_sub(spent);
    }

    /// How many to ask for.
    pub(super) fn next(&self) -> u32 {
        let size = (self.suggested / GROWTH).min(self.saved / USED_PER_WASTED);
        u32::try_from(size)
            .unwrap_or(u32::MAX)
            .clamp(1, self.largest)
    }
}
