use std::future::{IntoFuture, pending};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};

use futures_util::StreamExt;
use opero_map::{OnError, Share, map, map_async};

use super::{eventually, is_stopped};

/// The run lets go of everything it was given.
fn lets_go(alive: &Arc<()>) {
    eventually("the run's end", || Arc::strong_count(alive) == 1);
}

#[test]
fn dropping_an_iterator_ends_its_threads() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let work = move |n: u64| {
        let _ = &held;
        Ok::<_, ()>(n)
    };
    for taken in [0, 1, 50] {
        for ordered in [true, false] {
            let results = map(0.., work.clone()).workers(3).ordered(ordered).iter();
            assert_eq!(results.take(taken).count(), taken);
        }
    }
    drop(work);
    lets_go(&alive);
}

#[test]
fn dropping_an_iterator_drops_the_async_items_in_flight() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let results = map_async(0.., move |n: u64| {
        let held = Arc::clone(&held);
        count.fetch_add(1, SeqCst);
        async move {
            let _held = held;
            pending::<()>().await;
            Ok::<_, ()>(n)
        }
    });
    let results = results.workers(3).iter();
    eventually("the start of three items", || started.load(SeqCst) == 3);
    drop(results);
    lets_go(&alive);
}

#[test]
fn dropping_an_iterator_does_not_wait_for_a_source_that_blocks() {
    let (sender, receiver) = mpsc::channel::<u32>();
    sender.send(1).unwrap();
    let mut results = map(receiver, Ok::<_, ()>).workers(2).iter();
    assert!(results.next().is_some());
    drop(results);
    drop(sender);
}

#[tokio::test]
async fn dropping_a_future_or_a_stream_leaves_nothing_behind() {
    let alive = Arc::new(());
    let run = || {
        let held = Arc::clone(&alive);
        map_async(0..1_000, move |_| {
            let held = Arc::clone(&held);
            async move {
                pending::<()>().await;
                drop(held);
                Ok::<_, ()>(())
            }
        })
    };
    let mut future = run().into_future();
    assert!(futures_util::poll!(&mut future).is_pending());
    drop(future);
    assert_eq!(Arc::strong_count(&alive), 1);
    let mut stream = run().scoped_stream();
    assert!(futures_util::poll!(stream.next()).is_pending());
    drop(stream);
    assert_eq!(Arc::strong_count(&alive), 1);
    let mut stream = run().stream();
    assert!(futures_util::poll!(stream.next()).is_pending());
    tokio::task::yield_now().await;
    drop(stream);
    while Arc::strong_count(&alive) > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn dropping_the_future_of_a_synchronous_run_ends_its_threads() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let mut future = map(0_u64.., move |n| {
        let _ = &held;
        Ok::<_, ()>(n)
    })
    .into_future();
    assert!(futures_util::poll!(&mut future).is_pending());
    drop(future);
    lets_go(&alive);
}

#[test]
fn the_first_error_stops_the_rest() {
    for workers in [1, 3] {
        let error = map(0_u32.., |n| if n == 10 { Err(n) } else { Ok(n) })
            .workers(workers)
            .try_run()
            .unwrap_err();
        assert_eq!(error.function_error(), Some(&10));
        let work = async |n| if n == 10 { Err(n) } else { Ok(n) };
        let error = map_async(0_u32.., work)
            .workers(workers)
            .try_run()
            .unwrap_err();
        assert_eq!(error.function_error(), Some(&10));
    }
}

#[test]
fn stopped_the_results_stay_at_the_places_of_the_items_that_ran() {
    let ran = AtomicUsize::new(0);
    let work = |n: u32| {
        ran.fetch_add(1, SeqCst);
        if n % 100 == 99 { Err(n) } else { Ok(n) }
    };
    let results = map(0_u32.., work).workers(2).on_error(OnError::Stop).run();
    let mut others = 0;
    for (place, result) in (0_u32..).zip(&results) {
        match result {
            Ok(n) => assert_eq!(*n, place),
            Err(error) if is_stopped(error) => others += 1,
            Err(error) => assert_eq!(error.function_error(), Some(&place)),
        }
    }
    assert_eq!(results.len() - others, ran.load(SeqCst));
    assert!(results.iter().any(Result::is_err));
    let iterated: Vec<_> = map(0_u32.., |n| if n == 9 { Err(n) } else { Ok(n) })
        .workers(1)
        .on_error(OnError::Stop)
        .iter()
        .collect();
    assert_eq!(iterated.len(), 10);
}

#[test]
fn a_panic_stops_too() {
    let error = map(0_u32.., |n| {
        if n == 5 {
            std::panic::resume_unwind(Box::new(()));
        }
        Ok::<_, ()>(n)
    });
    assert!(error.try_run().unwrap_err().is_panic());
}

#[test]
fn an_error_ends_a_run_whose_source_is_not_ready() {
    // Both worker loops wait in turn: one at the source, the other one in the item that fails.
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    sender.send(1).unwrap();
    let items = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|item: u32| (item, receiver))
    });
    let fail = async |n: u32| {
        tokio::task::yield_now().await;
        Err::<(), _>(n)
    };
    let error = map_async(opero_map::from_stream(items), fail)
        .workers(2)
        .try_run();
    assert_eq!(error.unwrap_err().function_error(), Some(&1));
    drop(sender);
}

/// Items 0, 1, 2 … one after the other, of which the multiples of `period` fail.
fn run_with(rule: OnError, period: u64, items: u64) -> Vec<Result<u64, opero_map::Error<u64>>> {
    let work = move |n: u64| {
        if n.is_multiple_of(period) {
            Err(n)
        } else {
            Ok(n)
        }
    };
    let run = map(0..items, work).workers(1).on_error(rule);
    let again = run.clone().iter().count();
    let results = run.run();
    assert_eq!(results.len(), again);
    results
}

#[test]
fn after_a_number_of_failures_no_item_is_started() {
    for failures in 1..5 {
        let results = run_with(OnError::StopAfter(failures), 10, 1_000);
        assert_eq!(results.len() as u64, (failures - 1) * 10 + 1);
        let failed = results.iter().filter(|result| result.is_err()).count();
        assert_eq!(failed as u64, failures);
    }
}

#[test]
fn above_a_share_of_failures_no_item_is_started() {
    let percent = |percent| OnError::StopAbove(Share::percent(percent).unwrap());
    // Every tenth fails, the first one as well: at the 20th there are 2.
    assert_eq!(run_with(percent(5.0), 10, 1_000).len(), 20);
    // At the 21st there are 3, which is above 10 %.
    assert_eq!(run_with(percent(10.0), 10, 1_000).len(), 21);
    assert_eq!(run_with(percent(15.0), 10, 1_000).len(), 1_000);
    // All fail, and there are too few to judge by.
    assert_eq!(run_with(percent(5.0), 1, 19).len(), 19);
}

#[test]
fn a_rule_that_no_item_could_meet_is_rejected() {
    let run = map(0..3, Ok::<_, ()>).on_error(OnError::StopAfter(0));
    assert_eq!(run.check().unwrap_err().parameter(), "on_error");
    assert!(run.run().iter().all(Result::is_err));
}

#[test]
fn failures_are_counted_over_all_workers() {
    let work = |n: u32| if n.is_multiple_of(3) { Err(n) } else { Ok(n) };
    for rule in ["stop after 10", "stop above 20%"] {
        let run = map(0_u32.., work)
            .workers(4)
            .on_error(rule.parse().unwrap());
        let results = run.run(); // An input without an end.
        let failed = results.iter().filter(|result| result.is_err()).count();
        assert!(failed >= 4, "{rule}: {failed}");
    }
}

#[test]
fn items_that_were_taken_ahead_of_a_stop_are_dropped_with_the_run() {
    let alive = Arc::new(());
    let items: Vec<_> = (0..10_000).map(|n| (n, Arc::clone(&alive))).collect();
    let work = |(n, _item): (u32, Arc<()>)| if n == 5_000 { Err(n) } else { Ok(n) };
    let results = map(items, work).workers(2).on_error(OnError::Stop).run();
    assert!(results.len() < 10_000);
    assert_eq!(Arc::strong_count(&alive), 1);
}
