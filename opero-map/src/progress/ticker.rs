//! The one thread that shows all runs, each at its own pace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use opero_core::sync::lock;

/// What is shown again and again.
pub(super) trait Show: Send + Sync {
    fn show(&self);
}

static TICKER: Ticker = Ticker {
    state: Mutex::new(State {
        runs: Vec::new(),
        next_id: 0,
        started: false,
    }),
    changed: Condvar::new(),
};

struct Ticker {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    runs: Vec<Run>,
    next_id: u64,
    started: bool,
}

struct Run {
    id: u64,
    shown: Arc<dyn Show>,
    interval: Duration,
    next: Instant,
}

/// A run that the ticker shows.
#[derive(Debug)]
pub(super) struct TickerEntry(u64);

/// Shows a run at each interval, first after one interval. Returns `None` where no thread can be
/// had.
pub(super) fn show(shown: Arc<dyn Show>, interval: Duration) -> Option<TickerEntry> {
    let mut state = lock(&TICKER.state);
    if !state.started {
        let thread = thread::Builder::new().name("opero-map-progress".into());
        thread.spawn(|| TICKER.run()).ok()?;
        state.started = true;
    }
    state.next_id += 1;
    let id = state.next_id;
    // A time that is out of the clock's range never comes.
    let next = Instant::now().checked_add(interval)?;
    let earliest = state.runs.iter().all(|run| next < run.next);
    state.runs.push(Run {
        id,
        shown,
        interval,
        next,
    });
    drop(state);
    if earliest {
        TICKER.changed.notify_one();
    }
    Some(TickerEntry(id))
}

impl TickerEntry {
    /// Stops showing the run. A drawing that has begun may still go on.
    pub(super) fn remove(&self) {
        lock(&TICKER.state).runs.retain(|run| run.id != self.0);
    }
}

impl Ticker {
    fn run(&self) -> ! {
        loop {
            for shown in self.wait() {
                // A terminal that makes the drawing panic must not take the others' with it.
                let _ = catch_unwind(AssertUnwindSafe(|| shown.show()));
            }
        }
    }

    /// Waits until something is due.
    fn wait(&self) -> Vec<Arc<dyn Show>> {
        let mut state = lock(&self.state);
        loop {
            let now = Instant::now();
            let mut due = Vec::new();
            for run in &mut state.runs {
                if run.next <= now {
                    // As at its beginning: a time out of the range of the clock never comes, and an
                    // hour is as good until then.
                    run.next = now
                        .checked_add(run.interval)
                        .unwrap_or(now + Duration::from_secs(3_600));
                    due.push(Arc::clone(&run.shown));
                }
            }
            if !due.is_empty() {
                return due;
            }
            let next = state.runs.iter().map(|run| run.next).min();
            state = match next {
                None => self.changed.wait(state),
                Some(next) => {
                    let waited = self.changed.wait_timeout(state, next - now);
                    Ok(waited.unwrap_or_else(PoisonError::into_inner).0)
                }
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
