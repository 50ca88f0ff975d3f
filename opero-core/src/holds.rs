//! Fallback values that the other side asked to leave alone for a time.

use crate::Instant;

/// The fallback values that are not to be attempted before an instant on the call's clock.
///
/// A retry sets them from the hints of the values' errors; a fallback passes such values over.
#[derive(Debug, Clone, Default)]
pub struct Holds(Vec<(usize, Instant)>);

impl Holds {
    /// No value is held.
    #[inline]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns `true` if no value is held.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Holds a value until an instant, in place of an earlier hold.
    pub fn hold(&mut self, fallback_index: usize, until: Instant) {
        self.release(fallback_index);
        self.0.push((fallback_index, until));
    }

    /// Ends the hold of a value.
    pub fn release(&mut self, fallback_index: usize) {
        self.0.retain(|(held, _)| *held != fallback_index);
    }

    /// Returns `true` if a value is held at `now`.
    pub fn is_held(&self, fallback_index: usize, now: Instant) -> bool {
        let mut holds = self.0.iter();
        holds.any(|(held, until)| *held == fallback_index && now < *until)
    }

    /// The value whose hold ends first, and when that is.
    pub fn earliest(&self) -> Option<(usize, Instant)> {
        self.0.iter().min_by_key(|(_, until)| *until).copied()
    }
}
