//! Recognising a call that waits for its own caller.
//!
//! While a leader's future is being polled, its flight is on this thread's list. A call that finds its own flight there
//! runs inside that very poll: waiting would never end. That covers plain recursion and calls that a work-stealing pool
//! runs on top of the leader's stack; it does not cover a task that the leader spawned and waits for.

use std::cell::RefCell;

use super::Flight;
use crate::sync::Arc;

thread_local! {
    static LEADING: RefCell<Vec<*const Flight>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn is_leading(flight: &Arc<Flight>) -> bool {
    LEADING
        .try_with(|leading| leading.borrow().contains(&Arc::as_ptr(flight)))
        .unwrap_or(false)
}

/// Until the guard is dropped, this thread polls the leader of `flight`.
pub(super) fn lead(flight: &Arc<Flight>) -> Leading {
    let _ = LEADING.try_with(|leading| leading.borrow_mut().push(Arc::as_ptr(flight)));
    Leading
}

pub(super) struct Leading;

impl Drop for Leading {
    fn drop(&mut self) {
        // Polls nest like calls do, so the last one in is this one; a panic unwinds them in the same order.
        let _ = LEADING.try_with(|leading| leading.borrow_mut().pop());
    }
}
