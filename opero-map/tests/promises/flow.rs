use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

use futures_util::StreamExt;
use opero_map::{map, map_async};
use proptest::prelude::*;
use tokio::task::yield_now;

use super::eventually;

/// An iterator that counts what was pulled.
fn counted(pulled: &Arc<AtomicUsize>) -> impl Iterator<Item = usize> + Send + use<> {
    let pulled = Arc::clone(pulled);
    (0..).inspect(move |_| {
        pulled.fetch_add(1, SeqCst);
    })
}

#[test]
fn a_run_that_nobody_begins_pulls_nothing() {
    let pulled = Arc::default();
    drop(map(counted(&pulled), Ok::<_, ()>).workers(3));
    drop(map(counted(&pulled), Ok::<_, ()>).into_future());
    drop(map_async(counted(&pulled), async |n| Ok::<_, ()>(n)).scoped_stream());
    assert_eq!(pulled.load(SeqCst), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn an_input_without_an_end_is_pulled_only_as_far_as_the_window(
        workers in 1_usize..6,
        taken in 0_usize..60,
        ordered: bool,
        sync: bool,
    ) {
        let pulled = Arc::default();
        let items = counted(&pulled);
        let mut results = if sync {
            map(items, Ok::<_, ()>).workers(workers).ordered(ordered).iter()
        } else {
            map_async(items, async |n| Ok::<_, ()>(n)).workers(workers).ordered(ordered).iter()
        };
        for consumed in 1..=taken {
            prop_assert!(results.next().is_some());
            let held = pulled.load(SeqCst).saturating_sub(consumed);
            prop_assert!(held <= 2 * workers, "{} held by {} workers", held, workers);
        }
    }

    #[test]
    fn never_more_items_at_once_than_workers(workers in 1_usize..9, items in 0_usize..300) {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let enter = || most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        let work = |item: usize| {
            enter();
            std::thread::yield_now();
            now.fetch_sub(1, SeqCst);
            Ok::<_, ()>(item)
        };
        prop_assert_eq!(map(0..items, work).workers(workers).run().len(), items);
        let work = |item: usize| {
            let (enter, now) = (&enter, &now);
            async move {
                enter();
                for _ in 0..item % 5 {
                    yield_now().await;
                }
                now.fetch_sub(1, SeqCst);
                Ok::<_, ()>(item)
            }
        };
        prop_assert_eq!(map_async(0..items, work).workers(workers).run().len(), items);
        prop_assert!(most.load(SeqCst) <= workers);
    }
}

#[test]
fn as_many_items_at_once_as_workers() {
    let meet = Barrier::new(4);
    let results = map(0..8, |_| {
        meet.wait();
        Ok::<_, ()>(())
    });
    assert!(results.workers(4).try_run().is_ok());
}

#[tokio::test]
async fn async_items_wait_at_the_same_time() {
    let meet = tokio::sync::Barrier::new(64);
    let results = map_async(0..128, async |_| {
        meet.wait().await;
        Ok::<_, ()>(())
    });
    assert_eq!(results.join().await.len(), 128);
}

/// Worker loops take batches of trivial items; the rest of a batch must not wait for a slow item in
/// it.
#[test]
fn a_slow_item_holds_up_no_other() {
    const ITEMS: usize = 10_000;
    for slow in [0, ITEMS / 2, ITEMS - 40] {
        let done = AtomicUsize::new(0);
        let results = map(0..ITEMS, |item| {
            if item == slow {
                eventually("the others", || done.load(SeqCst) == ITEMS - 1);
            }
            done.fetch_add(1, SeqCst);
            Ok::<_, ()>(item)
        });
        assert_eq!(results.workers(2).try_run().unwrap().len(), ITEMS);
    }
}

#[tokio::test]
async fn items_that_never_wait_leave_the_runtime_its_turns() {
    let ended = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn({
        let ended = Arc::clone(&ended);
        async move {
            let mut turns = 0;
            while !ended.load(SeqCst) {
                turns += 1;
                yield_now().await;
            }
            turns
        }
    });
    map_async(0..10_000, async |n| Ok::<_, ()>(n)).await;
    ended.store(true, SeqCst);
    assert!(other.await.unwrap() > 50);
}

#[tokio::test]
async fn a_stream_goes_on_beside_its_consumer_and_a_scoped_one_only_while_it_is_polled() {
    for scoped in [true, false] {
        let pulled = Arc::default();
        let work = async |n| {
            yield_now().await;
            Ok::<_, ()>(n)
        };
        let run = map_async(counted(&pulled), work).workers(2);
        let mut stream = match scoped {
            true => run.scoped_stream(),
            false => run.stream(),
        };
        stream.next().await;
        let before = pulled.load(SeqCst);
        for _ in 0..100 {
            yield_now().await;
        }
        // Beside the one that was consumed, as many as may wait for the consumer.
        let expected = if scoped { before } else { 5 };
        assert_eq!(pulled.load(SeqCst), expected);
    }
}

#[test]
fn threads_take_at_most_a_handful_ahead() {
    const WORKERS: usize = 2;
    let (pulled, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let most = AtomicUsize::new(0);
    let items = (0..50_000).inspect(|_| {
        let ahead = pulled.fetch_add(1, SeqCst) + 1 - done.load(SeqCst);
        most.fetch_max(ahead, SeqCst);
    });
    let work = |n: u32| {
        done.fetch_add(1, SeqCst);
        Ok::<_, ()>(n)
    };
    assert_eq!(map(items, work).workers(WORKERS).run().len(), 50_000);
    assert!(most.load(SeqCst) <= WORKERS * 128);
}

#[test]
fn a_blocked_item_of_each_worker_but_one_holds_up_no_other() {
    const ITEMS: usize = 10_000;
    const WORKERS: usize = 4;
    let (done, blocked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = map(0..ITEMS, |item| {
        // In the midst of the batches, which are large by then.
        if item >= ITEMS / 2 && blocked.fetch_add(1, SeqCst) < WORKERS - 1 {
            eventually("the others", || done.load(SeqCst) >= ITEMS - (WORKERS - 1));
        }
        done.fetch_add(1, SeqCst);
        Ok::<_, ()>(item)
    });
    let results = results.workers(WORKERS).try_run().unwrap();
    assert!(results.into_iter().eq(0..ITEMS));
}

#[test]
fn items_that_come_slowly_are_not_waited_for_in_batches() {
    let (pulled, started) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let most = AtomicUsize::new(0);
    let items = (0..40).inspect(|_| {
        std::thread::sleep(std::time::Duration::from_micros(200));
        pulled.fetch_add(1, SeqCst);
    });
    let work = |n: u32| {
        started.fetch_add(1, SeqCst);
        most.fetch_max(
            pulled.load(SeqCst).saturating_sub(started.load(SeqCst)),
            SeqCst,
        );
        Ok::<_, ()>(n)
    };
    assert_eq!(map(items, work).workers(2).run().len(), 40);
    // Each loop begins with single items, and an item of the other loop may be between its pull and
    // its start.
    assert!(most.load(SeqCst) <= 2, "{most:?}");
}
