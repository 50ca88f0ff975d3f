//! The failed attempts of a call before the last, in bounded memory.

use crate::{Attempt, Cause};

/// One attempt that failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedAttempt<E> {
    /// Which try it was.
    pub attempt: Attempt,
    /// What ended it.
    pub cause: Cause<E>,
}

/// The failed attempts of a call before the last one, oldest first.
///
/// Of a long history the first [`FIRST`](History::FIRST) and the last [`LAST`](History::LAST) are kept, and the others are
/// counted. The attempts of one round of fallback values are never parted: of the last round, all are kept.
#[derive(Debug, Clone)]
pub struct History<E> {
    kept: Vec<FailedAttempt<E>>,
    /// How many are missing behind the first ones.
    omitted: usize,
}

impl<E> History<E> {
    /// How many of the first attempts are kept.
    pub const FIRST: usize = 8;
    /// How many of the last attempts are kept.
    pub const LAST: usize = 16;

    /// No attempt so far.
    #[inline]
    pub const fn new() -> Self {
        Self {
            kept: Vec::new(),
            omitted: 0,
        }
    }

    /// Those that are kept, oldest first.
    pub fn kept(&self) -> &[FailedAttempt<E>] {
        &self.kept
    }

    /// How many attempts are counted, but not kept. They came after the first [`FIRST`](History::FIRST).
    pub const fn omitted(&self) -> usize {
        self.omitted
    }

    /// How many attempts there were.
    pub const fn len(&self) -> usize {
        self.kept.len() + self.omitted
    }

    /// Returns `true` if there was no attempt.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The causes of the round that `number` counts, as far as they are the last ones.
    pub(crate) fn round(&self, number: u32) -> &[FailedAttempt<E>] {
        // Loops and no iterators: all of this is compiled for each type of error.
        let mut start = self.kept.len();
        while start > 0 && self.kept[start - 1].attempt.number == number {
            start -= 1;
        }
        &self.kept[start..]
    }

    pub(crate) fn push(&mut self, failed: FailedAttempt<E>) {
        let is_long = self.kept.len() >= Self::FIRST + 2 * Self::LAST;
        if is_long && self.begins_round(failed.attempt) {
            self.shorten();
        }
        self.kept.push(failed);
    }

    /// Keeps nothing of the rounds before the last where `attempt` begins another one.
    pub(crate) fn forget_before(&mut self, attempt: Attempt) {
        if self.begins_round(attempt) {
            // The last attempt of all: a further one that cannot start leaves the call's error to it.
            self.keep(0, 1);
        }
    }

    fn begins_round(&self, attempt: Attempt) -> bool {
        match self.kept.last() {
            Some(last) => last.attempt.number != attempt.number,
            None => false,
        }
    }

    pub(crate) fn pop(&mut self) -> Option<FailedAttempt<E>> {
        self.kept.pop()
    }

    /// Adds the attempts of `later`.
    pub(crate) fn append(&mut self, mut later: Self) {
        let end = self.kept.len() + Self::FIRST.min(later.kept.len());
        self.kept.append(&mut later.kept);
        if later.omitted > 0 {
            self.omitted += later.omitted;
            self.omit(Self::FIRST, end);
        }
    }

    /// Keeps the first and the last few, and all of the last round.
    pub(crate) fn shorten(&mut self) {
        let round = match self.kept.last() {
            Some(last) => self.round(last.attempt.number).len(),
            None => 0,
        };
        self.keep(Self::FIRST, Self::LAST.max(round));
    }

    fn keep(&mut self, first: usize, last: usize) {
        self.omit(first, self.kept.len().saturating_sub(last));
    }

    /// Only counts the attempts from `start` to `end` from now on.
    fn omit(&mut self, start: usize, end: usize) {
        if end > start {
            self.omitted += end - start;
            let mut last = self.kept.split_off(end);
            self.kept.truncate(start);
            self.kept.append(&mut last);
        }
    }

    pub(crate) fn map<F>(self, mut change: impl FnMut(E) -> F) -> History<F> {
        let kept = self.kept.into_iter().map(|failed| FailedAttempt {
            attempt: failed.attempt,
            cause: failed.cause.map(&mut change),
        });
        History {
            kept: kept.collect(),
            omitted: self.omitted,
        }
    }
}

impl<E> Default for History<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failed(number: u32, fallback_index: usize) -> FailedAttempt<(u32, usize)> {
        let attempt = Attempt {
            number,
            fallback_index,
        };
        FailedAttempt {
            attempt,
            cause: Cause::Function((number, fallback_index)),
        }
    }

    fn numbers<E>(history: &History<E>) -> Vec<(u32, usize)> {
        let attempts = history.kept().iter().map(|failed| failed.attempt);
        attempts.map(|at| (at.number, at.fallback_index)).collect()
    }

    #[test]
    fn a_long_history_is_its_first_and_last_few_and_a_count() {
        let mut history = History::new();
        for number in 1..=300_000 {
            history.push(failed(number, 0));
            assert!(history.kept.capacity() <= 128);
        }
        history.shorten();
        assert_eq!((history.len(), history.omitted()), (300_000, 299_976));
        let kept: Vec<_> = numbers(&history).into_iter().map(|at| at.0).collect();
        let expected: Vec<_> = (1..=8).chain(299_985..=300_000).collect();
        assert_eq!(kept, expected);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_the_same_whenever_it_is_shortened(
            rounds in prop::collection::vec(1..40_usize, 0..30),
            parted in 0..30_usize,
        ) {
            let all: Vec<_> = (1..)
                .zip(&rounds)
                .flat_map(|(number, values)| (0..*values).map(move |value| (number, value)))
                .collect();
            let mut whole = History::new();
            let mut parts = [History::new(), History::new()];
            for (number, value) in &all {
                whole.push(failed(*number, *value));
                let part = usize::from(*number as usize > parted);
                parts[part].push(failed(*number, *value));
            }
            whole.shorten();
            let last = whole.round(rounds.len() as u32).len();
            prop_assert_eq!(last, rounds.last().copied().unwrap_or(0));
            let tail = last.max(History::<()>::LAST);
            let expected = match all.len() > History::<()>::FIRST + tail {
                false => all.clone(),
                true => [&all[..History::<()>::FIRST], &all[all.len() - tail..]].concat(),
            };
            prop_assert_eq!(numbers(&whole), expected);
            prop_assert_eq!(whole.len(), all.len());
            // The attempts of a stage within a stage.
            let [mut first, mut second] = parts;
            second.shorten();
            first.append(second);
            first.shorten();
            prop_assert_eq!(first.len(), all.len());
            prop_assert_eq!(first.round(rounds.len() as u32).len(), last);
        }
    }
}
