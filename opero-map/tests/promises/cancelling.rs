use std::future::{IntoFuture, pending};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use futures_util::StreamExt;
use opero_map::{Cancel, from_stream, map, map_async};

use super::{eventually, is_stopped};

#[test]
fn stopped_from_outside_a_run_takes_no_item_and_finishes_what_runs() {
    let (cancel, taken) = (Cancel::new(), AtomicUsize::new(0));
    let (reached, go) = (Barrier::new(3), Barrier::new(3));
    let work = |n: u32| {
        taken.fetch_add(1, SeqCst);
        reached.wait();
        go.wait();
        Ok::<_, ()>(n)
    };
    let results = thread::scope(|scope| {
        let run = scope.spawn(|| map(0_u32.., work).workers(2).cancel_on(&cancel).run());
        reached.wait();
        cancel.stop();
        go.wait();
        run.join().unwrap()
    });
    assert!(matches!(results[..], [Ok(0), Ok(1)]), "{results:?}");
    assert_eq!(taken.load(SeqCst), 2);
}

#[test]
fn ended_at_once_async_items_are_dropped_and_are_errors_in_their_places() {
    for (ordered, streamed) in [(true, false), (true, true), (false, false), (false, true)] {
        let (cancel, alive) = (Cancel::new(), Arc::new(()));
        let waiting = AtomicUsize::new(0);
        let work = |n: u32| {
            let (held, waiting) = (Arc::clone(&alive), &waiting);
            async move {
                if n >= 5 || n == 3 {
                    waiting.fetch_add(1, SeqCst);
                    pending::<()>().await;
                }
                drop(held);
                Ok::<_, ()>(n)
            }
        };
        let results = thread::scope(|scope| {
            let run = map_async(0_u32.., work).workers(3).ordered(ordered);
            let run = run.cancel_on(&cancel);
            let run = scope.spawn(|| match streamed {
                true => opero_core::block_on(run.scoped_stream().collect()),
                false => run.run(),
            });
            eventually("three items that never end", || waiting.load(SeqCst) == 3);
            cancel.now();
            run.join().unwrap()
        });
        assert_eq!(results.len(), 7);
        for (place, result) in results.iter().enumerate() {
            match result {
                Ok(n) if ordered => assert_eq!(*n as usize, place),
                Ok(n) => assert!(*n < 5 && *n != 3),
                Err(error) => assert!(is_stopped(error) && (!ordered || place >= 5 || place == 3)),
            }
        }
        assert_eq!(results.iter().flatten().count(), 4);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}

#[test]
fn ended_at_once_a_synchronous_item_ends_by_itself_and_counts() {
    let (cancel, reached) = (Cancel::new(), AtomicBool::new(false));
    let go = Barrier::new(2);
    let work = |n: u32| {
        if n == 1 {
            reached.store(true, SeqCst);
            go.wait();
        }
        Ok::<_, ()>(n)
    };
    let results = thread::scope(|scope| {
        let run = scope.spawn(|| map(0_u32.., work).workers(1).cancel_on(&cancel).run());
        eventually("the second item", || reached.load(SeqCst));
        cancel.now();
        go.wait();
        run.join().unwrap()
    });
    assert!(matches!(results[..], [Ok(0), Ok(1)]), "{results:?}");
}

#[test]
fn a_handle_that_was_used_stops_runs_before_they_begin() {
    for level in [Cancel::stop, Cancel::now] {
        let cancel = Cancel::new();
        assert!(!cancel.is_stopping());
        level(&cancel.clone());
        assert!(cancel.is_stopping());
        let never = |_: u32| -> Result<(), ()> { unreachable!("an item was taken") };
        assert!(map(0.., never).cancel_on(&cancel).run().is_empty());
        assert_eq!(map(0.., never).cancel_on(&cancel).iter().count(), 0);
        let never = async |_: u32| -> Result<(), ()> { unreachable!("an item was taken") };
        assert!(map_async(0.., never).cancel_on(&cancel).run().is_empty());
    }
}

#[tokio::test]
async fn one_handle_stops_several_runs_however_they_were_begun() {
    let cancel = Cancel::new();
    let hang = async |_: u32| pending::<Result<(), ()>>().await;
    let mut collected = map_async(0.., hang).cancel_on(&cancel).into_future();
    let mut stream = map_async(0.., hang).cancel_on(&cancel).stream();
    let nothing = futures_util::stream::pending::<u32>();
    let starved = map_async(from_stream(nothing), hang).cancel_on(&cancel);
    let mut starved = starved.into_future();
    assert!(futures_util::poll!(&mut collected).is_pending());
    assert!(futures_util::poll!(stream.next()).is_pending());
    assert!(futures_util::poll!(&mut starved).is_pending());
    let mut iterated = map(0_u32.., Ok::<_, ()>).cancel_on(&cancel).iter();
    assert!(iterated.next().is_some());
    // The stream's items are begun beside this task.
    tokio::task::yield_now().await;
    cancel.stop();
    // What has begun is let finish, and this never does.
    assert!(futures_util::poll!(&mut collected).is_pending());
    assert!(starved.await.is_empty());
    iterated.for_each(drop);
    cancel.now();
    let results = collected.await;
    assert!(
        results
            .iter()
            .all(|result| is_stopped(result.as_ref().unwrap_err()))
    );
    assert_eq!(results.len(), 64);
    assert_eq!(stream.by_ref().count().await, 64);
    assert_eq!(stream.report().failed, 64);
}

#[test]
fn a_slow_consumer_gets_what_was_done() {
    let cancel = Cancel::new();
    let mut results = map(0_u32.., Ok::<_, ()>)
        .workers(2)
        .cancel_on(&cancel)
        .iter();
    assert!(matches!(results.next(), Some(Ok(0))));
    cancel.stop();
    let rest: Vec<_> = results.by_ref().map(Result::unwrap).collect();
    assert!(rest.len() <= 4, "more than the window: {rest:?}");
    assert!(rest.is_sorted());
    assert_eq!(results.report().ok, rest.len() as u64 + 1);
}

#[test]
fn all_values_are_promised_so_a_stopped_run_is_an_error() {
    let cancel = Cancel::new();
    let work = |n: u32| {
        if n == 5 {
            cancel.stop();
        }
        Ok::<_, ()>(n)
    };
    let run = |items| map(items, work).workers(1).cancel_on(&cancel).try_run();
    assert!(is_stopped(&run(0..100).unwrap_err()));
    // The handle was used; an empty input has all its results nevertheless.
    assert!(run(0..0).unwrap().is_empty());
    let cancel = Cancel::new();
    let work = |n: u32| {
        if n == 5 {
            cancel.stop();
        }
        Ok::<_, ()>(n)
    };
    let run = map(0..6, work).workers(1).cancel_on(&cancel);
    assert_eq!(run.try_run().unwrap(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn an_error_comes_before_the_stop() {
    let cancel = Cancel::new();
    let fail = |n: u32| {
        cancel.stop();
        Err::<(), _>(n)
    };
    let run = map(0..100, fail).workers(1).cancel_on(&cancel);
    assert_eq!(run.try_run().unwrap_err().function_error(), Some(&0));
}

#[test]
fn a_handle_keeps_nothing_of_a_run_that_is_over() {
    let (cancel, alive) = (Cancel::new(), Arc::new(()));
    for _ in 0..3 {
        let held = Arc::clone(&alive);
        let work = move |n: u32| {
            let _ = &held;
            Ok::<_, ()>(n)
        };
        assert_eq!(map(0..10, work).cancel_on(&cancel).run().len(), 10);
    }
    assert_eq!(Arc::strong_count(&alive), 1);
    cancel.now();
}

#[test]
fn a_run_that_is_stopped_ends_no_later_than_an_input_that_blocks() {
    let (sender, receiver) = mpsc::channel::<u32>();
    let cancel = Cancel::new();
    let results = thread::scope(|scope| {
        let run = scope.spawn(|| {
            let run = map(receiver, Ok::<_, ()>).workers(1);
            run.cancel_on(&cancel).run()
        });
        sender.send(1).unwrap();
        cancel.stop();
        drop(sender);
        run.join().unwrap()
    });
    assert!(results.len() <= 1);
}
