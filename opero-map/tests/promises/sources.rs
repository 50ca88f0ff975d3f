use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use futures_util::{StreamExt, stream};
use opero_map::{FromBlocking, from_blocking, from_stream, map, map_async};

#[test]
fn blocking_runs_take_what_borrows() {
    let words = vec![String::from("a"), String::from("bcd")];
    let longest = 2;
    let work = |word: &String| Ok::<_, ()>(word.len().min(longest));
    assert_eq!(map(&words, work).workers(2).try_run().unwrap(), [1, 2]);
    let work = async |word: &String| Ok::<_, ()>(word.len().min(longest));
    assert_eq!(map_async(&words, work).try_run().unwrap(), [1, 2]);
}

#[tokio::test]
async fn joined_runs_and_scoped_streams_take_what_borrows() {
    let words = vec![String::from("a"), String::from("bcd")];
    let longest = 2;
    let run = || {
        map_async(&words, async |word: &String| {
            Ok::<_, ()>(word.len().min(longest))
        })
    };
    let joined: Vec<_> = run().join().await.into_iter().flatten().collect();
    let streamed: Vec<_> = run()
        .scoped_stream()
        .filter_map(async |r| r.ok())
        .collect()
        .await;
    assert_eq!(joined, [1, 2]);
    assert_eq!(streamed, [1, 2]);
    assert_eq!(run().with_report().join().await.1.ok, 2);
}

#[tokio::test]
async fn a_run_is_send_with_borrowed_items() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let words = [String::from("a")];
    let run = map_async(&words, async |word: &String| Ok::<_, ()>(word.len()));
    assert_eq!(sendable(run.join()).await.len(), 1);
}

#[tokio::test]
async fn items_of_a_stream_are_taken_as_they_arrive() {
    for workers in [1, 2, 64] {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let items = stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|item: usize| (item, receiver))
        });
        let run = map_async(from_stream(items), async |n| {
            tokio::task::yield_now().await;
            Ok::<_, ()>(n)
        });
        let sending = tokio::spawn(async move {
            for n in 0..300 {
                sender.send(n).await.unwrap();
                if n % 7 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        });
        let results: Vec<_> = run.workers(workers).await.into_iter().flatten().collect();
        assert!(results.into_iter().eq(0..300));
        sending.await.unwrap();
    }
}

/// One worker loop waits at the stream while the others work: each item that arrives must find a
/// worker loop.
#[tokio::test]
async fn items_that_wait_for_later_items_find_a_lane() {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let items = stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|item: u32| (item, receiver))
    });
    let meet = tokio::sync::Barrier::new(8);
    let run = map_async(from_stream(items), async |n| {
        // The next item is only sent by this one.
        if n < 7 {
            sender.send(n + 1).unwrap();
        }
        meet.wait().await;
        Ok::<_, ()>(n)
    });
    sender.send(0).unwrap();
    let results: Vec<_> = run.workers(8).scoped_stream().take(8).collect().await;
    assert_eq!(results.into_iter().flatten().count(), 8);
}

#[test]
fn threads_can_wait_for_a_stream_as_well() {
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    let items = stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|item: u32| (item, receiver))
    });
    let sending =
        std::thread::spawn(move || (0..500).for_each(|n| sender.blocking_send(n).unwrap()));
    let results = map(from_stream(items), Ok::<_, ()>)
        .workers(3)
        .try_run()
        .unwrap();
    assert!(results.into_iter().eq(0..500));
    sending.join().unwrap();
}

#[test]
fn a_wrong_size_hint_does_no_harm() {
    struct Liar(std::ops::Range<u32>, (usize, Option<usize>));
    impl Iterator for Liar {
        type Item = u32;
        fn next(&mut self) -> Option<u32> {
            self.0.next()
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            self.1
        }
    }
    for hint in [(0, Some(0)), (usize::MAX, None), (1_000, Some(3))] {
        let results = map(Liar(0..100, hint), Ok::<_, ()>)
            .workers(3)
            .try_run()
            .unwrap();
        assert!(results.into_iter().eq(0..100));
        let iterated = map(Liar(0..100, hint), Ok::<_, ()>).iter().flatten();
        assert!(iterated.eq(0..100));
    }
}

#[tokio::test]
async fn results_of_threads_stream_into_async_code() {
    let mut results = map(1_u64.., Ok::<_, ()>).workers(2).stream();
    let mut sum = 0;
    while let Some(Ok(n)) = results.next().await {
        sum += n;
        if n == 100 {
            break;
        }
    }
    assert_eq!(sum, 5050);
}

#[test]
fn results_do_not_wait_for_an_input_that_blocks() {
    let run = |source: mpsc::Receiver<u32>| {
        map_async(from_blocking(source), async |n| Ok::<_, ()>(n)).iter()
    };
    let (items, source) = mpsc::channel();
    let mut results = run(source);
    for n in 0..100 {
        items.send(n).unwrap();
        assert_eq!(results.next().unwrap().unwrap(), n);
    }
    drop(items);
    assert!(results.next().is_none());
}

#[test]
fn an_input_that_blocks_is_pulled_a_little_ahead_and_no_more() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&pulled);
    let source = (0..).inspect(move |_| {
        counting.fetch_add(1, Ordering::SeqCst);
    });
    let run = map(from_blocking(source), Ok::<i32, ()>);
    assert_eq!(pulled.load(Ordering::SeqCst), 0);
    let taken: Vec<_> = run.workers(1).iter().take(5).flatten().collect();
    assert_eq!(taken, [0, 1, 2, 3, 4]);
    // Those taken, those that worker loops and window hold, those ahead, and the one being pulled.
    assert!(pulled.load(Ordering::SeqCst) <= 5 + 3 + FromBlocking::<()>::MAX_ITEMS_AHEAD + 1);
}

#[test]
fn a_panic_of_an_input_that_blocks_reaches_the_caller() {
    let source = (0..3).inspect(|n| assert!(*n < 2, "this panic is wanted"));
    let run = map(from_blocking(source), Ok::<i32, ()>).workers(1);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.run()));
    assert!(caught.is_err());
}
