//! Recognising a call that would wait for itself: directly, or round a circle of other calls that wait for it.
//!
//! While a leader's future is being polled, its flight is on this thread's list: the calls it makes run inside that very
//! poll. If one of them follows another flight, every flight on the list waits for that one, and the edges say so. A call
//! whose flight leads back to the list along the edges runs alone: waiting would never end.
//!
//! That covers recursion, mutual recursion, and calls that a work-stealing pool runs on top of a leader's stack. It does
//! not cover a task that a leader spawned and waits for: nothing ties the two together.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Mutex;

use opero_core::sync::lock;

use super::Flight;
use crate::sync::Arc;

/// A flight, by its address: while an edge stands, its follower keeps the flight alive.
type Id = usize;

thread_local! {
    static LEADING: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

static EDGES: Mutex<Edges> = Mutex::new(Edges {
    all: Vec::new(),
    next_wait: 0,
});

/// Who waits for whom. Only calls made inside a leader's poll are here, so there are few.
struct Edges {
    all: Vec<Edge>,
    next_wait: u64,
}

struct Edge {
    wait: u64,
    from: Id,
    to: Id,
}

impl Edges {
    /// Returns `true` if `start` waits for one of `goals`, or is one.
    fn lead(&self, start: Id, goals: &[Id]) -> bool {
        let (mut seen, mut next) = (vec![start], 0);
        while let Some(&flight) = seen.get(next) {
            if goals.contains(&flight) {
                return true;
            }
            next += 1;
            for edge in self.all.iter().filter(|edge| edge.from == flight) {
                if !seen.contains(&edge.to) {
                    seen.push(edge.to);
                }
            }
        }
        false
    }
}

/// A follower's edges, taken away with it. `None` outside of any leader's poll.
#[derive(Debug)]
pub(super) struct Waits(Option<u64>);

/// Notes that the calls under way on this thread wait for `flight`; `None` where that would close a circle.
pub(super) fn follow(flight: &Arc<Flight>) -> Option<Waits> {
    let target = Arc::as_ptr(flight) as Id;
    let nested = |leading: &RefCell<Vec<Id>>| {
        let leading = leading.borrow();
        if leading.is_empty() {
            return Some(Waits(None));
        }
        // Looked up and noted under one lock: of two calls that would close a circle together, the second sees the first.
        let mut edges = lock(&EDGES);
        if edges.lead(target, &leading) {
            return None;
        }
        let wait = edges.next_wait;
        edges.next_wait += 1;
        let new = leading.iter().map(|&from| Edge {
            wait,
            from,
            to: target,
        });
        edges.all.extend(new);
        Some(Waits(Some(wait)))
    };
    LEADING.try_with(nested).unwrap_or(Some(Waits(None)))
}

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(wait) = self.0 {
            lock(&EDGES).all.retain(|edge| edge.wait != wait);
        }
    }
}

/// Returns `true` if this thread polls a leader now: a leader waits for a call made here.
#[cfg(feature = "bytes")]
pub(crate) fn is_leading() -> bool {
    LEADING
        .try_with(|leading| !leading.borrow().is_empty())
        .unwrap_or(false)
}

/// Until the guard is dropped, this thread polls the leader of `flight`.
pub(super) fn lead(flight: &Arc<Flight>) -> Leading {
    let _ = LEADING.try_with(|leading| leading.borrow_mut().push(Arc::as_ptr(flight) as Id));
    Leading(PhantomData)
}

/// Marks that this thread polls a leader, until it is dropped. Marks are dropped in the reverse order of their making.
#[derive(Debug)]
#[must_use = "the mark ends when it is dropped"]
pub struct Leading(PhantomData<*const ()>);

impl Drop for Leading {
    #[inline(never)]
    fn drop(&mut self) {
        // Polls nest like calls do, so the last one in is this one; a panic unwinds them in the same order.
        let _ = LEADING.try_with(|leading| leading.borrow_mut().pop());
    }
}
