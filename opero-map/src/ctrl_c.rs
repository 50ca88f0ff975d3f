//! What Ctrl-C means while maps run: the first one stops them, the second one ends them, and the
//! third one is the system's. SIGTERM stops those in worker processes, too.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::{fs, io, thread};

use opero_core::sync::lock;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::Signals;

use crate::cancel::Cancel;
use crate::progress;

/// SIGINT does what it does by default: no run is watched, or it came for the third time.
static DEFAULT: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// SIGTERM does what it does by default: no run that it stops is watched.
static TERM_DEFAULT: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

static STATE: Mutex<State> = Mutex::new(State {
    runs: Vec::new(),
    next_id: 0,
    presses: 0,
    idle: None,
    term_idle: None,
});

struct State {
    runs: Vec<RegisteredRun>,
    next_id: u64,
    /// How often SIGINT came since a run was registered.
    presses: u32,
    /// `true` if SIGINT has its default action while no run is registered. `None` until it is first
    /// caught.
    idle: Option<bool>,
    /// The same for SIGTERM, while no registered run is stopped by it.
    term_idle: Option<bool>,
}

struct RegisteredRun {
    id: u64,
    cancel: Cancel,
    /// SIGTERM stops it, too.
    term: bool,
    /// It runs within an item of another one that is watched.
    inner: bool,
}

/// A run that Ctrl-C stops, until this is dropped.
#[derive(Debug)]
pub(crate) struct CtrlCGuard(u64);

impl CtrlCGuard {
    /// Registers a run that stops with `cancel`; with `term` SIGTERM stops it as well.
    ///
    /// # Errors
    /// Where the signal cannot be caught, or no thread can be had.
    pub(crate) fn new(cancel: &Cancel, term: bool) -> io::Result<Self> {
        let mut state = lock(&STATE);
        if state.idle.is_none() {
            state.idle = Some(catch(SIGINT, &DEFAULT, pressed)?);
        }
        let term = term && !is_in("SigIgn:", SIGTERM);
        if term && state.term_idle.is_none() {
            state.term_idle = Some(catch(SIGTERM, &TERM_DEFAULT, terminated)?);
        }
        if term {
            TERM_DEFAULT.store(false, Ordering::SeqCst);
        }
        state.next_id += 1;
        let id = state.next_id;
        state.runs.push(RegisteredRun {
            id,
            cancel: cancel.clone(),
            term,
            inner: WITHIN_ITEM.get(),
        });
        if state.presses < 2 {
            DEFAULT.store(false, Ordering::SeqCst);
            return Ok(Self(id));
        }
        // All is being ended, and what an item begins only now is no exception.
        drop(state);
        cancel.now();
        Ok(Self(id))
    }
}

impl Drop for CtrlCGuard {
    fn drop(&mut self) {
        let mut state = lock(&STATE);
        state.runs.retain(|run| run.id != self.0);
        if state.runs.iter().all(|run| !run.term) {
            TERM_DEFAULT.store(state.term_idle.unwrap_or(true), Ordering::SeqCst);
        }
        if state.runs.is_empty() {
            state.presses = 0;
            DEFAULT.store(state.idle.unwrap_or(true), Ordering::SeqCst);
        }
    }
}

thread_local! {
    static WITHIN_ITEM: Cell<bool> = const { Cell::new(false) };
}

/// Polls a worker loop of a run that Ctrl-C stops, or with `false` of another one. A run that
/// begins within an item of such a run is part of that item: the first Ctrl-C lets it finish.
#[inline]
pub(crate) fn poll_items<T>(watched: bool, poll: impl FnOnce() -> T) -> T {
    if !watched {
        return poll();
    }
    struct Restored(bool);
    impl Drop for Restored {
        fn drop(&mut self) {
            WITHIN_ITEM.set(self.0);
        }
    }
    let _restored = Restored(WITHIN_ITEM.replace(true));
    poll()
}

/// Catches the signal for the rest of the process; other handlers are called as well. Returns
/// `true` if the signal's default action has to be imitated while no run is watched.
fn catch(signal: i32, default: &Arc<AtomicBool>, caught: fn()) -> io::Result<bool> {
    let idle = !is_in("SigCgt:", signal) && !is_in("SigIgn:", signal);
    // It runs within the handler: the third press ends a program whose threads are all stuck.
    register_conditional_default(signal, Arc::clone(default))?;
    let mut signals = Signals::new([signal])?;
    thread::Builder::new()
        .name("opero-map-ctrl-c".into())
        .spawn(move || {
            for _ in signals.forever() {
                caught();
            }
        })?;
    Ok(idle)
}

/// Handles SIGTERM like the first Ctrl-C, however often it comes.
fn terminated() {
    let state = lock(&STATE);
    let runs = state.runs.iter().filter(|run| run.term && !run.inner);
    let runs: Vec<_> = runs.map(|run| run.cancel.clone()).collect();
    drop(state);
    if !runs.is_empty() {
        progress::eprintln("stopping: running items are finished");
    }
    runs.iter().for_each(Cancel::stop);
}

fn pressed() {
    let mut state = lock(&STATE);
    if state.runs.is_empty() {
        return;
    }
    state.presses += 1;
    let first = state.presses == 1;
    if state.presses == 2 {
        DEFAULT.store(true, Ordering::SeqCst);
    }
    let runs = state.runs.iter().filter(|run| !first || !run.inner);
    let runs: Vec<_> = runs.map(|run| run.cancel.clone()).collect();
    // What is woken may begin or end a run.
    drop(state);
    if first {
        progress::eprintln(
            "stopping: running items are finished; press Ctrl-C again to end them now",
        );
        runs.iter().for_each(Cancel::stop);
    } else {
        progress::eprintln("ending now");
        runs.iter().for_each(Cancel::now);
    }
}

/// Returns `true` if the program ignores SIGINT, as in the background of a shell.
pub(crate) fn is_ignored() -> bool {
    is_in("SigIgn:", SIGINT)
}

/// Returns `true` if the signal is in that set of `/proc/self/status`; `false` where there is none.
fn is_in(set: &str, signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(set));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
