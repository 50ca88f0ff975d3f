//! What happens nearly always, without the stages: a hit, and a first attempt that succeeds.
//!
//! Where no observer watches and no `max_elapsed` counts from the start, a first attempt needs its permit, its time limit
//! and its function, and no more. Only its failure brings the stages in, which then begin with that failure.
//! `tests/fast_path.rs` holds both ways to the same results.

use std::task::{self, Poll};

use opero_core::{Context, Entry, Key, Refused, Waiting};

use crate::mechanism::retry::{self, TimerSlot};
use crate::mechanism::{cache, ratelimit};
use crate::order::Stages;

/// What the first attempt of a call takes.
#[derive(Debug, Clone, Copy)]
pub struct Permits {
    /// The permits that it costs.
    pub(crate) cost: u32,
    /// The limiter's key within this process.
    pub(crate) key: Option<Key>,
    /// The call has a key for limiters that are shared with other processes.
    pub(crate) is_keyed: bool,
}

impl Stages {
    /// The entry of a fresh result in memory.
    #[inline(never)]
    pub(crate) fn hit(
        &self,
        cx: Option<&Context<'_>>,
        waiting: Waiting,
        key: Key,
    ) -> Option<Entry> {
        match cx {
            Some(cx) => cache::hit(&self.cache, cx, key),
            None => cache::hit(&self.cache, &self.context(waiting), key),
        }
    }

    /// Starts the first attempt, if it needs no stage: its permits are then taken. Returns the watch over its time.
    #[inline]
    pub(crate) fn begin(
        &self,
        cx: Option<&Context<'_>>,
        waiting: Waiting,
        alternatives: usize,
        permits: Permits,
    ) -> Option<TimeLimit<'_>> {
        let is_alone = match cx {
            None => !Context::system().observed(),
            Some(cx) => !cx.observed() && cx.remote().is_none(),
        };
        if !is_alone || !self.is_unbounded || alternatives == 0 {
            return None;
        }
        let timeout = &self.execution.timeout;
        // A synchronous call cannot be stopped; the stage says so.
        if waiting == Waiting::Blocking && retry::is_limited(timeout) {
            return None;
        }
        if !ratelimit::admits(&self.rate_limit, permits) {
            return None;
        }
        Some(TimeLimit {
            stages: self,
            timer: retry::start(timeout, &**self.clock()),
        })
    }
}

/// Watches the time of an attempt, where it has a limit.
#[derive(Debug)]
pub(crate) struct TimeLimit<'s> {
    stages: &'s Stages,
    timer: TimerSlot,
}

impl TimeLimit<'_> {
    /// Is the time over? Asked for when the attempt is not ready.
    #[inline]
    pub(crate) fn poll(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        retry::poll(&mut self.timer, &**self.stages.clock(), task)
    }

    /// Why an attempt ended whose time was over.
    #[cold]
    pub(crate) fn refusal(&self) -> Refused {
        retry::timed_out(&self.stages.execution.timeout)
    }
}
