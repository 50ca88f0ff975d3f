//! A pool of large buffers. The allocator returns memory of this size to the system when it is
//! freed, and a new buffer costs a page fault for every 4 KiB: more than sending it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use opero_core::sync::lock;

/// Smaller buffers are left to the allocator.
pub(crate) const MIN_POOLED_BYTES: usize = 1 << 16;

/// Larger buffers are not kept, for they would be kept for good.
const MAX_POOLED_BYTES: usize = 1 << 24;

/// The most buffers that are kept.
const MAX_BUFFERS: usize = 8;

/// The buffers that are not in use.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    kept: Mutex<Vec<Vec<u8>>>,
    /// How many there are, so that small payloads take no lock.
    count: AtomicUsize,
}

impl Buffers {
    /// Takes an empty buffer, a large one if there is one.
    pub(crate) fn take(&self) -> Vec<u8> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let mut kept = lock(&self.kept);
        let buffer = kept.pop().unwrap_or_default();
        self.count.store(kept.len(), Ordering::Relaxed);
        buffer
    }

    /// Returns `true` if the buffer is worth keeping.
    pub(crate) fn keeps(buffer: &Vec<u8>) -> bool {
        (MIN_POOLED_BYTES..=MAX_POOLED_BYTES).contains(&buffer.capacity())
    }

    /// Keeps a buffer, if it is worth it.
    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        if !Self::keeps(&buffer) {
            return;
        }
        buffer.clear();
        let mut kept = lock(&self.kept);
        if kept.len() < MAX_BUFFERS {
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
        buffers.give(Vec::with_capacity(MAX_POOLED_BYTES + 1));
        assert_eq!(buffers.take().capacity(), 0);
        buffers.give(vec![7; MIN_POOLED_BYTES]);
        let taken = buffers.take();
        assert!(taken.is_empty() && taken.capacity() >= MIN_POOLED_BYTES);
        assert_eq!(buffers.take().capacity(), 0);
    }

    #[test]
    fn the_number_kept_is_bounded() {
        let buffers = Buffers::default();
        for _ in 0..MAX_BUFFERS * 2 {
            buffers.give(vec![0; MIN_POOLED_BYTES]);
        }
        assert_eq!(lock(&buffers.kept).len(), MAX_BUFFERS);
    }
}
