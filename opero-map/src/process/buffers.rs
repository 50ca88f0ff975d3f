//! Large buffers, to be used again. The allocator gives memory of this size back to the system as soon as it is freed, and to have
//! it anew costs a page fault for every 4 KiB: more than sending what it is for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use opero_core::sync::lock;

/// Smaller ones are the allocator's business.
pub(super) const SMALL: usize = 1 << 16;

/// Larger ones are not kept, for they would be kept for good.
const LARGE: usize = 1 << 24;

/// No more than so many are kept.
const MOST: usize = 8;

/// Those that nobody uses now.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    kept: Mutex<Vec<Vec<u8>>>,
    /// How many there are, so that whoever has small payloads takes no lock.
    count: AtomicUsize,
}

impl Buffers {
    /// An empty buffer, large if one is there.
    pub(super) fn take(&self) -> Vec<u8> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let mut kept = lock(&self.kept);
        let buffer = kept.pop().unwrap_or_default();
        self.count.store(kept.len(), Ordering::Relaxed);
        buffer
    }

    /// Returns `true` if the buffer is worth keeping.
    pub(super) fn keeps(buffer: &Vec<u8>) -> bool {
        (SMALL..=LARGE).contains(&buffer.capacity())
    }

    /// Keeps a buffer, if it is worth it.
    pub(super) fn give(&self, mut buffer: Vec<u8>) {
        if !Self::keeps(&buffer) {
            return;
        }
        buffer.clear();
        let mut kept = lock(&self.kept);
        if kept.len() < MOST {
            kept.push(buffer);
            self.count.store(kept.len(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_buffers_come_back_and_empty() {
        let buffers = Buffers::default();
        buffers.give(vec![7; 10]);
        buffers.give(Vec::with_capacity(LARGE + 1));
        assert_eq!(buffers.take().capacity(), 0);
        buffers.give(vec![7; SMALL]);
        let taken = buffers.take();
        assert!(taken.is_empty() && taken.capacity() >= SMALL);
        assert_eq!(buffers.take().capacity(), 0);
    }

    #[test]
    fn the_number_kept_is_bounded() {
        let buffers = Buffers::default();
        for _ in 0..MOST * 2 {
            buffers.give(vec![0; SMALL]);
        }
        assert_eq!(lock(&buffers.kept).len(), MOST);
    }
}
