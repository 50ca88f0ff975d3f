//! What one run says of its worker processes.

use super::Run;

impl<S, J> Run<S, J> {
    /// Sets how many items a worker process of an async function has in flight (16 by default).
    ///
    /// ```
    /// let run = opero_map::map(0..100, |n: u32| Ok::<_, ()>(n)).worker_in_flight(64);
    /// # #[cfg(feature = "thread")]
    /// assert_eq!(run.try_run().unwrap().len(), 100); // Threads are no workers: it says nothing of them.
    /// ```
    pub fn worker_in_flight(mut self, items: usize) -> Self {
        self.config.worker_in_flight = Some(items);
        self
    }

    /// Limits the address space of a worker process, in bytes. An allocation beyond it fails, which
    /// mostly ends the process: its item is then `Crashed`.
    pub fn worker_memory(mut self, bytes: u64) -> Self {
        self.config.worker_memory = Some(bytes);
        self
    }

    /// Replaces a worker process after this many items, for functions that leak.
    pub fn worker_recycle_after(mut self, items: u64) -> Self {
        self.config.worker_recycle_after = Some(items);
        self
    }

    /// Replaces a worker process whose resident memory exceeds this many bytes after an item.
    pub fn worker_recycle_above(mut self, bytes: u64) -> Self {
        self.config.worker_recycle_above = Some(bytes);
        self
    }
}
