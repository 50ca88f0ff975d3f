//! Background jobs, which no caller waits for.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::timeout;
use crate::sync::lock;
use crate::threads::CallerSpan;
use crate::{Background, block_on, threads};

/// Starts `job`, and sees to it that it ends, with a panic too. An async one runs on the tokio runtime around the caller
/// (feature `tokio`); where there is none, and for blocking ones, a few threads of opero's own are started and end when
/// they have had nothing to do for a while.
///
/// # Errors
/// The job, where a thousand others wait for a thread: the caller should start no more.
pub fn spawn(job: Background) -> Result<(), Background> {
    let job = within(CallerSpan::current(), job);
    #[cfg(feature = "tokio")]
    let job = match (job, tokio::runtime::Handle::try_current()) {
        (Background::Async(future), Ok(runtime)) => {
            runtime.spawn(future);
            return Ok(());
        }
        // As in the call that it repeats, the runtime is at hand.
        (Background::Blocking(run), Ok(runtime)) => Background::Blocking(Box::new(move || {
            let _entered = runtime.enter();
            run();
        })),
        (job, _) => job,
    };
    POOL.push(job)
}

/// Runs in the span of its caller, and is counted until it has ended or is dropped.
fn within(caller: CallerSpan, job: Background) -> Background {
    let counted = Counted::new();
    match job {
        Background::Async(mut future) => Background::Async(Box::pin(async move {
            let _counted = counted;
            poll_fn(move |task| caller.in_scope(|| future.as_mut().poll(task))).await;
        })),
        Background::Blocking(run) => Background::Blocking(Box::new(move || {
            let _counted = counted;
            caller.in_scope(run);
        })),
    }
}

/// Waits until no background refresh is under way, at most `limit`, and returns how many are left: for the end of a program,
/// which would cut them off.
///
/// It waits for all refreshes of stale values in this process, those that begin meanwhile too; so nothing should call the
/// cached functions any more. Those that are left run on. A runtime that ends drops its async refreshes, which then count as
/// ended: wait before that, in the runtime. Called by a refresh, it waits for itself.
///
/// `limit` is real time, and in a tokio runtime whose time is paused that time. The limit may be passed by 10 ms.
///
/// In synchronous code [`block_on`] waits. On the thread of a tokio runtime with one thread it would hold up
/// the runtime's refreshes: there, `await` it.
///
/// ```
/// use opero_core::{background::drain, block_on};
/// use std::time::Duration;
///
/// let left = block_on(drain(Duration::from_secs(5)));
/// if left > 0 {
///     eprintln!("{left} refreshes are cut off");
/// }
/// ```
pub async fn drain(limit: Duration) -> usize {
    timeout(limit, Ended(None)).await;
    lock(&UNDER_WAY).jobs
}

static UNDER_WAY: Mutex<UnderWay> = Mutex::new(UnderWay {
    jobs: 0,
    waiting: Vec::new(),
    next_number: 0,
});

/// The jobs that have not ended, and the numbered wakers of those who wait for their end.
struct UnderWay {
    jobs: usize,
    waiting: Vec<(u64, Waker)>,
    next_number: u64,
}

/// A job that has not ended.
struct Counted;

impl Counted {
    fn new() -> Self {
        lock(&UNDER_WAY).jobs += 1;
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let woken = {
            let mut under_way = lock(&UNDER_WAY);
            under_way.jobs -= 1;
            match under_way.jobs {
                0 => std::mem::take(&mut under_way.waiting),
                _ => return,
            }
        };
        // Without the lock: a waker may run anything.
        for (_, waker) in woken {
            waker.wake();
        }
    }
}

/// Ready when no job is under way. Holds the number of its waker.
struct Ended(Option<u64>);

impl Future for Ended {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let waker = task.waker().clone();
        self.leave();
        let mut under_way = lock(&UNDER_WAY);
        if under_way.jobs == 0 {
            return Poll::Ready(());
        }
        let number = under_way.next_number;
        under_way.next_number += 1;
        under_way.waiting.push((number, waker));
        self.0 = Some(number);
        Poll::Pending
    }
}

impl Ended {
    fn leave(&mut self) {
        let Some(number) = self.0.take() else {
            return;
        };
        let left = {
            let waiting = &mut lock(&UNDER_WAY).waiting;
            let place = waiting.iter().position(|(known, _)| *known == number);
            place.map(|place| waiting.swap_remove(place))
        };
        // Without the lock, as above.
        drop(left);
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.leave();
    }
}

static POOL: Pool = Pool {
    state: Mutex::new(State {
        waiting: VecDeque::new(),
        threads: 0,
        idle: 0,
    }),
    work: Condvar::new(),
};

const MOST_THREADS: usize = 8;
const MOST_WAITING: usize = 1_000;
const LONGEST_IDLE: Duration = Duration::from_secs(10);

struct Pool {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    waiting: VecDeque<Background>,
    threads: usize,
    idle: usize,
}

impl Pool {
    fn push(&'static self, job: Background) -> Result<(), Background> {
        let busy = {
            let state = lock(&self.state);
            if state.waiting.len() >= MOST_WAITING {
                return Err(job);
            }
            state.idle <= state.waiting.len() && state.threads < MOST_THREADS
        };
        // Before the job is handed in: where no thread can be had, it is still here to be given back.
        if busy && !self.start() {
            return Err(job);
        }
        lock(&self.state).waiting.push_back(job);
        self.work.notify_one();
        Ok(())
    }

    /// Starts another thread. Is there one now, this or an earlier one?
    fn start(&'static self) -> bool {
        lock(&self.state).threads += 1;
        let thread = threads::builder("opero-background");
        let started = thread.spawn(|| self.work()).is_ok();
        let mut state = lock(&self.state);
        if !started {
            state.threads -= 1;
        }
        state.threads > 0
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            // No caller waits for the panic; the hook has printed it.
            let _ = catch_unwind(AssertUnwindSafe(|| match job {
                Background::Async(future) => block_on(future),
                Background::Blocking(run) => run(),
            }));
        }
    }

    /// The next job; `None` ends the thread.
    fn next(&self) -> Option<Background> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            state.idle += 1;
            let (woken, waited) = self
                .work
                .wait_timeout(state, LONGEST_IDLE)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.waiting.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn every_job_runs_beside_those_that_panic() {
        let (sender, receiver) = mpsc::channel();
        for n in 0..100 {
            let sender = sender.clone();
            let run = move || {
                assert_ne!(n % 10, 0, "this panic is wanted");
                sender.send(n).unwrap();
            };
            let job = match n % 2 {
                0 => Background::Blocking(Box::new(run)),
                _ => Background::Async(Box::pin(async move { run() })),
            };
            spawn(job).unwrap();
        }
        drop(sender);
        assert_eq!(receiver.iter().count(), 90);
    }

    #[cfg(feature = "tokio")]
    #[tokio::test]
    async fn a_blocking_job_finds_the_runtime_that_its_caller_had() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let job = move || {
            let _ = sender.send(tokio::runtime::Handle::try_current().is_ok());
        };
        spawn(Background::Blocking(Box::new(job))).unwrap();
        assert!(receiver.await.unwrap());
    }

    #[cfg(feature = "tokio")]
    #[tokio::test]
    async fn an_async_job_runs_on_the_runtime_around_it() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let job = async move {
            let _ = sender.send(thread::current().id());
        };
        spawn(Background::Async(Box::pin(job))).unwrap();
        assert_eq!(receiver.await.unwrap(), thread::current().id());
    }
}
