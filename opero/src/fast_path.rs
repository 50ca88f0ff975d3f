//! What happens nearly always, without the stages: a hit, and a first attempt that succeeds.
//!
//! Where no observer watches, no `max_elapsed` counts from the start, the cache keeps no records and serves nothing stale,
//! and the function runs in this process, a first attempt needs the lead of its call, its permits, its time limit and its
//! function, and no more; in a worker process, where it has no time limit and passes the cache, its permits and its bytes.
//! Only a failure, or a result to be kept, brings the stages in, which then begin with what that
//! attempt came to. [`Stages::begin`] takes these steps in the order of [`order`](crate::order); `tests/fast_path.rs` holds
//! both ways to the same results.

use std::task;

use opero_core::{Context, Entry, Key, Rejected, Remote, WaitMode};

use crate::mechanism::cache::{self, JoinedSlot, MarkSlot};
use crate::mechanism::ratelimit;
use crate::mechanism::retry::{self, TimerSlot};
use crate::order::{CacheUse, Rest, Stages};

/// What an attempt of a call needs, in numbers.
#[derive(Debug, Clone, Copy)]
pub struct Needs {
    /// How many fallback values there are.
    pub(crate) fallback_values: usize,
    /// The permits that it costs.
    pub(crate) cost: u32,
    /// The limiter's key within this process.
    pub(crate) rate_key: Option<Key>,
    /// The call has a key for limiters that are shared with other processes.
    #[cfg_attr(not(feature = "ratelimit"), allow(dead_code))]
    pub(crate) has_shared_key: bool,
}

impl Stages {
    /// The entry of a fresh result in memory.
    #[inline]
    pub(crate) fn hit(
        &self,
        cx: Option<&Context<'_>>,
        waiting: WaitMode,
        key: Key,
    ) -> Option<Entry> {
        match cx {
            Some(cx) => cache::hit(&self.cache, cx, key),
            None => cache::hit(&self.cache, &self.context(waiting), key),
        }
    }

    /// Returns `true` if an attempt that has its permit needs nothing else: no observer, no limit in time.
    #[inline]
    pub(crate) fn is_bare(&self) -> bool {
        self.is_untimed && !Context::system().observed()
    }

    /// Takes the permits of an attempt, if they are there at once.
    #[inline]
    pub(crate) fn admits(&self, needs: &Needs) -> bool {
        needs.fallback_values > 0 && ratelimit::admits(&self.rate_limit, needs)
    }

    /// Returns `true` if the cache finds a call under its key of this process.
    #[inline]
    pub(crate) fn takes_keys(&self) -> bool {
        cache::takes_keys(&self.cache)
    }

    /// Starts the first attempt, if it needs no stage: its call is then led, and its permits are taken. What has to stand
    /// beside it goes into `first`, and nothing does for most: what is stored and loaded in pieces costs more than the rest.
    #[inline(never)]
    pub(crate) fn begin<'s>(
        &'s self,
        cx: Option<&Context<'_>>,
        waiting: WaitMode,
        (cache, key): (CacheUse, Option<Key>),
        needs: &Needs,
        first: &mut Option<First<'s>>,
    ) -> bool {
        // A map's threads call synchronous functions as futures.
        let waiting = cx.map_or(waiting, Context::wait_mode);
        let is_alone = match cx {
            None => !Context::system().observed(),
            Some(cx) => !cx.observed() && cx.remote().is_none(),
        };
        let is_limited = retry::is_limited(&self.execution.timeout);
        // A synchronous call cannot be stopped; the stage says so.
        let is_stoppable = waiting == WaitMode::Async || !is_limited;
        if !is_alone || !is_stoppable || !self.is_unbounded {
            return false;
        }
        let joined = match (cache, key) {
            _ if self.passes_cache(cache, key) => JoinedSlot::default(),
            (CacheUse::Through, Some(key)) => match self.join(cx, waiting, key) {
                Some(joined) => joined,
                None => return false,
            },
            _ => return false,
        };
        let follows = cache::follows(&joined);
        if !follows && !self.admits(needs) {
            return false;
        }
        if is_limited || key.is_some() {
            *first = Some(First {
                stages: self,
                timer: retry::start(&self.execution.timeout, &**self.clock()),
                joined,
            });
        }
        !follows
    }

    /// The worker process of a first attempt that needs no stage: its permits are then taken. It has no time limit and
    /// passes the cache.
    pub(crate) fn begin_remotely<'c>(
        &self,
        cx: &Context<'c>,
        rest: &Rest<'_>,
        needs: &Needs,
    ) -> Option<&'c dyn Remote> {
        let remote = cx.remote()?;
        let is_bare = self.passes_cache(rest.cache, rest.missed)
            && !rest.has_first
            && self.is_untimed
            && !cx.observed();
        (is_bare && self.admits(needs)).then_some(remote)
    }

    /// Returns `true` if a call passes the cache by. One without a key does, unless it is found under another key.
    fn passes_cache(&self, cache: CacheUse, key: Option<Key>) -> bool {
        match cache {
            CacheUse::Past => true,
            CacheUse::Through => key.is_none() && !cache::has_records(&self.cache),
            CacheUse::Refresh => false,
        }
    }

    fn join(
        &self,
        cx: Option<&Context<'_>>,
        waiting: WaitMode,
        key: Key,
    ) -> Option<JoinedSlot<'_>> {
        match cx {
            Some(cx) => cache::join(&self.cache, cx, key),
            None => cache::join(&self.cache, &self.context(waiting), key),
        }
    }
}

/// What stands beside a first attempt under way: its lead, and its time where that has a limit. Or, where another call
/// executes, the place among those that follow it.
#[derive(Debug)]
pub(crate) struct First<'s> {
    stages: &'s Stages,
    timer: TimerSlot,
    pub(crate) joined: JoinedSlot<'s>,
}

impl First<'_> {
    /// Marks that this thread executes the call, as long as the mark lives.
    #[inline]
    pub(crate) fn mark(first: &Option<Self>) -> Option<MarkSlot> {
        first.as_ref().map(|first| cache::mark(&first.joined))
    }

    /// Returns `true` if the time of an attempt is over that is not ready.
    #[inline(never)]
    pub(crate) fn is_over(first: &mut Option<Self>, task: &mut task::Context<'_>) -> bool {
        let Some(first) = first else {
            return false;
        };
        let is_over = retry::poll(&mut first.timer, &**first.stages.clock(), task).is_ready();
        if !is_over {
            cache::pending(&first.joined, task);
        }
        is_over
    }

    /// Why an attempt ended whose time was over.
    #[cold]
    pub(crate) fn rejection(&self) -> Rejected {
        retry::timed_out(&self.stages.execution.timeout)
    }
}
