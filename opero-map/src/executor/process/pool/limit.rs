//! The time limits of calls and of their items.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use opero_core::{AttemptLimit, RejectedKind};

/// Counted from when a worker begins with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) after: Duration,
    of: LimitKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LimitKind {
    /// `attempt_timeout`.
    Attempt,
    /// `item_timeout`, of which other attempts may have used a part.
    Item(Duration),
}

impl Limit {
    /// Returns `true` if a call that began then has had its time.
    pub(super) fn is_over(self, began: Instant, now: Instant) -> bool {
        now.saturating_duration_since(began) >= self.after
    }

    /// Returns when a call that begins then is over its limit; `None` if that is out of the clock's
    /// range.
    pub(super) fn end(self, began: Instant) -> Option<Instant> {
        began.checked_add(self.after)
    }

    /// Returns the rejection of a call that runs longer.
    pub(super) fn rejection(self) -> RejectedKind {
        match self.of {
            LimitKind::Attempt => RejectedKind::AttemptTimeout { limit: self.after },
            LimitKind::Item(limit) => RejectedKind::ItemTimeout { limit },
        }
    }
}

/// The time that a worker loop's item has used. Neither waiting for a worker nor a worker that
/// another call crashed counts: of a submitted call, only the time in its last worker does.
#[derive(Debug, Default)]
pub(super) struct ItemTime {
    /// `true` if the item has a limit. Calls of items without one take no lock and read no clock
    /// here.
    limited: AtomicBool,
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    limit: Duration,
    begun: Instant,
    /// Does not count.
    excused: Duration,
    /// Calls that are submitted now, and since when there are any.
    calls: u32,
    since: Instant,
}

impl ItemTime {
    /// Begins an item with this limit.
    pub(super) fn begin(&self, limit: Duration, now: Instant) {
        self.limited.store(true, Ordering::Relaxed);
        *lock(&self.state) = Some(State {
            limit,
            begun: now,
            excused: Duration::ZERO,
            calls: 0,
            since: now,
        });
    }

    /// Returns the limit of a call that is submitted now. Its end is told to
    /// [`ended`](Self::ended).
    pub(super) fn submit(&self, attempt: Option<AttemptLimit>, now: Instant) -> Option<Limit> {
        let attempt = attempt.map(|AttemptLimit(after)| Limit {
            after,
            of: LimitKind::Attempt,
        });
        if !self.is_limited() {
            return attempt;
        }
        let mut state = lock(&self.state);
        let Some(state) = &mut *state else {
            return attempt;
        };
        let used = now
            .saturating_duration_since(state.begun)
            .saturating_sub(state.excused);
        if state.calls == 0 {
            state.since = now;
        }
        state.calls = state.calls.saturating_add(1);
        let item = Limit {
            after: state.limit.saturating_sub(used),
            of: LimitKind::Item(state.limit),
        };
        Some(match attempt {
            Some(attempt) if attempt.after <= item.after => attempt,
            _ => item,
        })
    }

    /// Returns `true` if the item has a limit. Only its worker loop calls this and sets one.
    fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    /// Ends a call, which its worker ran for `elapsed`.
    pub(super) fn ended(&self, elapsed: Duration) {
        if self.is_limited() {
            self.end_call_at(elapsed, Instant::now());
        }
    }

    fn end_call_at(&self, elapsed: Duration, now: Instant) {
        if let Some(state) = &mut *lock(&self.state) {
            state.calls = state.calls.saturating_sub(1);
            if state.calls == 0 {
                let wall = now.saturating_duration_since(state.since);
                let excused = wall.saturating_sub(elapsed);
                state.excused = state.excused.saturating_add(excused);
            }
        }
    }

    /// Returns how much of the time since the item began does not count. `None`: a call is
    /// submitted, whose limit the supervisor enforces.
    pub(super) fn excused(&self) -> Option<Duration> {
        match &*lock(&self.state) {
            Some(state) if state.calls > 0 => None,
            Some(state) => Some(state.excused),
            None => Some(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waiting_for_a_worker_is_not_the_items_time() {
        let (time, start) = (ItemTime::default(), Instant::now());
        time.begin(3 * SECOND, start);
        // A second before the call, then ten until it is answered, of which the worker ran it for
        // one.
        let limit = time.submit(None, start + SECOND);
        assert_eq!(limit.map(|limit| limit.after), Some(2 * SECOND));
        assert_eq!(time.excused(), None);
        time.end_call_at(SECOND, start + 11 * SECOND);
        assert_eq!(time.excused(), Some(9 * SECOND));
        let limit = time.submit(None, start + 11 * SECOND).unwrap();
        assert_eq!(limit.after, SECOND);
        assert!(
            matches!(limit.rejection(), RejectedKind::ItemTimeout { limit } if limit == 3 * SECOND)
        );
    }

    #[test]
    fn the_shorter_limit_counts() {
        let (time, now) = (ItemTime::default(), Instant::now());
        let attempt = Some(AttemptLimit(2 * SECOND));
        let alone = time.submit(attempt, now).unwrap();
        assert!(matches!(
            alone.rejection(),
            RejectedKind::AttemptTimeout { .. }
        ));
        time.begin(SECOND, now);
        let shorter = time.submit(attempt, now).unwrap();
        assert_eq!(shorter.after, SECOND);
        assert!(matches!(
            shorter.rejection(),
            RejectedKind::ItemTimeout { .. }
        ));
        time.begin(3 * SECOND, now);
        let longer = time.submit(attempt, now).unwrap();
        assert!(matches!(
            longer.rejection(),
            RejectedKind::AttemptTimeout { .. }
        ));
    }
}
