//! Concurrent calls with one key execute once, whatever happens to the one that executes.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use futures_util::future::join_all;
use opero::extend::SystemClock;
use opero::{Error, opero};
use tokio::sync::Notify;

use crate::support::{poll_once, with_clock};

/// What the function under test meets: it counts its executions, and waits where the test says so.
#[derive(Debug, Default)]
struct Stage {
    executions: AtomicUsize,
    /// Executions wait for this.
    go: Notify,
    /// The first execution does not return.
    first_panics: AtomicBool,
}

impl Stage {
    fn executions(&self) -> usize {
        self.executions.load(SeqCst)
    }

    async fn execute(&self) -> usize {
        let execution = self.executions.fetch_add(1, SeqCst) + 1;
        self.go.notified().await;
        assert!(!self.first_panics.swap(false, SeqCst), "as the test wants");
        execution
    }
}

/// Drives a future on four threads. A caller that is never woken is a failure here, and no hang.
fn drive<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    let limited = async { tokio::time::timeout(Duration::from_secs(60), future).await };
    runtime.block_on(limited).expect("a caller hangs")
}

#[test]
fn a_thousand_concurrent_tasks_execute_once() {
    #[opero(cache_key = |key| key)]
    async fn slow(key: &str, arrived: Arc<AtomicUsize>, executions: Arc<AtomicUsize>) -> Arc<str> {
        executions.fetch_add(1, SeqCst);
        while arrived.load(SeqCst) < 1_000 {
            tokio::task::yield_now().await;
        }
        key.into()
    }
    let (arrived, executions) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let task = |_| {
        let (arrived, executions) = (Arc::clone(&arrived), Arc::clone(&executions));
        async move {
            arrived.fetch_add(1, SeqCst);
            slow("one", arrived, executions).await
        }
    };
    let answers = with_clock(SystemClock, || {
        drive(async { join_all((0..1_000).map(task).map(tokio::spawn)).await })
    });
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert!(
        answers
            .iter()
            .all(|answer| Arc::ptr_eq(answer, &answers[0])),
        "one value"
    );
    assert_eq!(executions.load(SeqCst), 1);
}

#[test]
fn many_threads_execute_once() {
    #[opero(cache_key = |key| key)]
    fn slow(key: u32, executions: &AtomicUsize) -> u32 {
        executions.fetch_add(1, SeqCst);
        key + 1
    }
    let (arrived, executions) = (Barrier::new(32), AtomicUsize::new(0));
    with_clock(SystemClock, || {
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    for key in 0..100 {
                        arrived.wait();
                        assert_eq!(slow(key, &executions), key + 1);
                    }
                });
            }
        });
    });
    assert_eq!(executions.into_inner(), 100);
}

#[opero(cache_key = |_key| _key)]
async fn cancelled(stage: &Stage, _key: u32) -> usize {
    stage.execute().await
}

/// Polled in order on one thread: the first call leads, the others follow.
#[test]
fn when_the_leader_is_cancelled_a_follower_takes_over() {
    with_clock(SystemClock, || {
        let stage = Stage::default();
        let mut leader = Box::pin(cancelled(&stage, 1));
        let mut followers: Vec<_> = (0..100).map(|_| Box::pin(cancelled(&stage, 1))).collect();
        assert!(poll_once(leader.as_mut()).is_pending());
        for follower in &mut followers {
            assert!(poll_once(follower.as_mut()).is_pending());
        }
        assert_eq!(stage.executions(), 1);

        drop(leader);
        // The next leader is cancelled as well, and so is a follower that waits.
        assert!(poll_once(followers[0].as_mut()).is_pending());
        assert_eq!(stage.executions(), 2);
        drop(followers.remove(50));
        drop(followers.remove(0));

        let answers = drive(async { tokio::join!(join_all(followers), released(&stage, 1)).0 });
        assert_eq!(answers, vec![3; 98], "one more execution, for all of them");
        assert_eq!(stage.executions(), 3);
    });
}

#[opero(cache_key = |_key| _key)]
async fn panicking(stage: Arc<Stage>, _key: u32) -> usize {
    stage.execute().await
}

#[test]
fn when_the_leader_panics_its_caller_sees_it_and_a_follower_takes_over() {
    with_clock(SystemClock, || {
        let stage = Arc::new(Stage::default());
        stage.first_panics.store(true, SeqCst);
        drive(async {
            let leader = tokio::spawn(panicking(Arc::clone(&stage), 1));
            while stage.executions() == 0 {
                tokio::task::yield_now().await;
            }
            let followers = (0..100).map(|_| tokio::spawn(panicking(Arc::clone(&stage), 1)));
            let followers: Vec<_> = followers.collect();
            stage.go.notify_one();
            assert!(leader.await.unwrap_err().is_panic());
            stage.go.notify_one();
            for follower in followers {
                assert_eq!(
                    follower.await.unwrap(),
                    2,
                    "one execution for all that waited"
                );
            }
        });
        assert_eq!(stage.executions(), 2);
    });
}

#[derive(Debug, Clone, PartialEq)]
struct Shareable(usize);

#[opero(retries = 0, cache_key = |_key| _key)]
async fn shared(stage: &Stage, _key: u32) -> Result<(), Shareable> {
    Err(Shareable(stage.execute().await))
}

#[opero(retries = 0, cache_key = |_key| _key)]
async fn shared_with_history(stage: &Stage, _key: u32) -> Result<(), Error<Shareable>> {
    Err(Shareable(stage.execute().await))?
}

#[test]
fn an_error_that_is_clone_is_shared_by_all_that_waited() {
    with_clock(SystemClock, || {
        let stage = Stage::default();
        let calls = join_all((0..100).map(|_| shared(&stage, 1)));
        let results = drive(async { tokio::join!(calls, released(&stage, 1)).0 });
        assert_eq!(results, vec![Err(Shareable(1)); 100]);

        let calls = join_all((0..100).map(|_| shared_with_history(&stage, 1)));
        let results = drive(async { tokio::join!(calls, released(&stage, 1)).0 });
        let shared = |result: &Result<(), Error<Shareable>>| {
            *result.as_ref().unwrap_err().function_error().unwrap() == Shareable(2)
        };
        assert!(results.iter().all(shared));
        assert_eq!(stage.executions(), 2);
    });
}

struct NotClone(usize);

#[opero(retries = 0, cache_key = |_key| _key)]
async fn handed_over(stage: &Stage, _key: u32) -> Result<(), NotClone> {
    Err(NotClone(stage.execute().await))
}

#[test]
fn an_error_that_is_not_clone_is_handed_over_as_work() {
    with_clock(SystemClock, || {
        let stage = Stage::default();
        let calls = join_all((0..100).map(|_| handed_over(&stage, 1)));
        let results = drive(async { tokio::join!(calls, released(&stage, 100)).0 });
        let mut own: Vec<_> = results
            .into_iter()
            .map(|result| result.unwrap_err().0)
            .collect();
        own.sort_unstable();
        assert_eq!(
            own,
            (1..=100).collect::<Vec<_>>(),
            "every caller has an error of its own"
        );
    });
}

/// Lets `executions` more executions end, one after the other.
async fn released(stage: &Stage, executions: usize) {
    for _ in 0..executions {
        stage.go.notify_one();
        tokio::task::yield_now().await;
    }
}
