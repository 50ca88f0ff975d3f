//! Run again, only what is missing runs, and all results are there, in order.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::StreamExt;
use opero_map::{Error, RejectedKind, map, map_async};

use crate::support::{Directory, expected, halve, halved, plain};

#[test]
fn a_second_run_calls_nothing_and_gives_the_same() {
    let directory = Directory::new();
    let items = || (0..500).map(|number| number * 2);
    let first = halved(items(), &directory.journal());
    assert_eq!((first.0, first.1), (expected(items()), 500));
    assert_eq!((first.2.resumed, first.2.stale), (0, 0));
    let second = halved(items(), &directory.journal());
    assert_eq!((second.0, second.1), (expected(items()), 0));
    assert_eq!(
        (second.2.resumed, second.2.items, second.2.ok),
        (500, 500, 500)
    );
}

#[test]
fn results_of_earlier_runs_come_in_order_with_the_new_ones() {
    let directory = Directory::new();
    let path = directory.journal();
    halved((0..300).map(|number| number * 4), &path);
    let items = || (0..600).map(|number| number * 2);
    let (results, calls, report) = halved(items(), &path);
    assert_eq!(results, expected(items()));
    assert_eq!((calls, report.resumed, report.stale), (300, 300, 0));

    let calls = AtomicUsize::new(0);
    let unordered = halve(items(), &calls, &path)
        .ordered(false)
        .workers(3)
        .run();
    let mut values: Vec<u64> = unordered.into_iter().map(Result::unwrap).collect();
    values.sort_unstable();
    assert!(values.into_iter().eq(0..600));
    assert_eq!(calls.into_inner(), 0);
}

#[test]
fn failures_run_again_or_stay_by_choice() {
    let directory = Directory::new();
    let path = directory.journal();
    halved(0..10, &path);
    let (results, calls, report) = halved(0..10, &path);
    assert_eq!((results, calls, report.resumed), (expected(0..10), 5, 5));

    let calls = AtomicUsize::new(0);
    let (results, report) = halve(0..10, &calls, &path)
        .resume_failed(false)
        .run_report();
    assert_eq!(plain(results), expected(0..10));
    assert_eq!((calls.into_inner(), report.resumed), (0, 10));
    assert_eq!((report.ok, report.failed), (5, 5));
}

#[test]
fn the_last_record_of_an_item_counts() {
    let directory = Directory::new();
    let run = |answer: Result<u32, String>| {
        let run = map([1_u8], move |_| answer.clone()).resumable("f");
        let run = run.resume(directory.journal()).resume_failed(false);
        plain(run.run())
    };
    assert_eq!(run(Err("no".into())), [Err("no".into())]);
    assert_eq!(run(Ok(1)), [Err("no".into())]);
    let again = map([1_u8], |_| Ok::<u32, String>(2)).resumable("f");
    assert_eq!(plain(again.resume(directory.journal()).run()), [Ok(2)]);
    assert_eq!(run(Ok(3)), [Ok(2)]);
}

#[test]
fn equal_items_are_items_of_their_own() {
    let directory = Directory::new();
    let calls = AtomicU64::new(0);
    let run = |items: &[&str]| {
        let items: Vec<String> = items.iter().map(|&item| item.to_owned()).collect();
        let number = |_| Ok::<_, String>(calls.fetch_add(1, Ordering::Relaxed));
        let run = map(items, number).resumable("number").workers(1);
        plain(run.resume(directory.journal()).run())
    };
    assert_eq!(run(&["a", "b", "a", "a"]), [0, 1, 2, 3].map(Ok));
    // The order among equal ones counts, whatever is between them.
    assert_eq!(
        run(&["a", "a", "c", "a", "b", "a"]),
        [0, 2, 4, 3, 1, 5].map(Ok)
    );
}

#[test]
fn equal_items_keep_their_order_however_many_lanes_take_them() {
    let directory = Directory::new();
    let calls = AtomicU64::new(0);
    let run = || {
        let items = (0..2_000).map(|number| number % 3);
        let number = |_: u16| Ok::<_, String>(calls.fetch_add(1, Ordering::Relaxed));
        let run = map(items, number).resumable("number").workers(4);
        plain(run.resume(directory.journal()).run())
    };
    assert_eq!(run(), run());
    assert_eq!(calls.into_inner(), 2_000);
}

#[test]
fn a_changed_input_runs_what_is_new_and_keeps_what_is_gone() {
    let directory = Directory::new();
    let path = directory.journal();
    halved([2, 4, 6, 8], &path);
    let (results, calls, report) = halved([8, 10, 2], &path);
    assert_eq!(results, expected([8, 10, 2]));
    assert_eq!((calls, report.resumed, report.stale), (1, 2, 2));
    let (_, calls, report) = halved([2, 4, 6, 8, 10], &path);
    assert_eq!((calls, report.stale), (0, 0));
}

#[test]
fn a_panic_is_recorded_as_the_failure_that_it_is() {
    let directory = Directory::new();
    let calls = AtomicUsize::new(0);
    let run = |again| {
        let function = |number: u8| {
            calls.fetch_add(1, Ordering::Relaxed);
            assert!(number != 2, "two");
            Ok::<_, String>(number)
        };
        let run = map([1, 2, 3], function).resumable("f").resume_failed(again);
        run.resume(directory.journal()).run()
    };
    for again in [true, true, false] {
        let results = run(again);
        assert!(results[1].as_ref().is_err_and(Error::is_panic));
        assert!(results[1].as_ref().unwrap_err().to_string().contains("two"));
    }
    assert_eq!(calls.into_inner(), 4);
}

#[test]
fn every_way_to_begin_a_run_resumes() {
    let directory = Directory::new();
    let calls = AtomicUsize::new(0);
    let path = directory.journal();
    let items = || (0..40).map(|number| number * 2);
    let all = expected(items());
    let first: Vec<_> = expected(items().take(20));
    assert_eq!(plain(halve(items().take(20), &calls, &path).run()), first);
    assert_eq!(calls.load(Ordering::Relaxed), 20);

    let run = || {
        let run = map(items().collect::<Vec<_>>(), |n: u64| Ok::<_, String>(n / 2));
        run.resumable("halve").resume(&path)
    };
    assert_eq!(plain(run().iter().collect()), all);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let run_async = || {
            let half =
                |n: u64| async move { Err::<u64, _>(format!("{n} was to come from the journal")) };
            let items: Vec<_> = items().collect();
            map_async(items, half).resumable("halve").resume(&path)
        };
        assert_eq!(plain(run_async().await), all);
        assert_eq!(plain(run_async().join().await), all);
        assert_eq!(plain(run_async().stream().collect().await), all);
        let (results, report) = run_async().with_report().await;
        assert_eq!((plain(results), report.resumed), (all.clone(), 40));
        assert_eq!(run_async().try_join().await.unwrap().len(), 40);
        assert_eq!(plain(run().await), all);
        assert_eq!(plain(run().stream().collect().await), all);
    });
    assert_eq!(run().try_run().unwrap().len(), 40);
}

#[test]
fn what_was_consumed_of_a_stopped_run_is_not_run_again() {
    let directory = Directory::new();
    let run = |calls: &'static AtomicUsize| {
        let function = |number: u64| {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok::<_, String>(number)
        };
        map(0..1_000_u64, function)
            .resumable("f")
            .resume(directory.journal())
    };
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    static SECOND: AtomicUsize = AtomicUsize::new(0);
    let seen = run(&FIRST).iter().take(100).count();
    assert_eq!(seen, 100);
    // The threads of the first run may still be at their last item.
    let (results, report) = run(&SECOND).run_report();
    assert_eq!((report.ok, results.len()), (1_000, 1_000));
    assert!(SECOND.load(Ordering::Relaxed) <= 900);
    assert_eq!(
        FIRST.load(Ordering::Relaxed) + SECOND.load(Ordering::Relaxed),
        1_000
    );
}

#[test]
fn a_record_that_its_type_does_not_accept_any_more_runs_again() {
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(try_from = "u64")]
    struct Small(u64);
    impl TryFrom<u64> for Small {
        type Error = &'static str;
        fn try_from(number: u64) -> Result<Self, &'static str> {
            (number < 10).then_some(Self(number)).ok_or("too large")
        }
    }
    let directory = Directory::new();
    let begin = |answers: [u64; 2]| {
        let run = map([0, 1], move |item: usize| {
            Ok::<_, String>(Small(answers[item]))
        });
        let run = run.resumable("small").resume(directory.journal());
        let (results, report) = run.run_report();
        let values = results.into_iter().map(|result| result.unwrap().0);
        (values.collect::<Vec<_>>(), report.executions)
    };
    assert_eq!(begin([7, 12]), (vec![7, 12], 2));
    assert_eq!(begin([8, 8]), (vec![7, 8], 1));
}

#[test]
fn an_item_that_does_not_become_bytes_fails_before_it_runs() {
    // Serde fails on paths that are not UTF-8.
    let items: [&[u8]; 3] = [b"first", b"\xff", b"third"];
    let items = items.map(|name| PathBuf::from(OsStr::from_bytes(name)));
    let directory = Directory::new();
    let calls = AtomicUsize::new(0);
    let function = |item: PathBuf| {
        calls.fetch_add(1, Ordering::Relaxed);
        Ok::<_, String>(item.as_os_str().len())
    };
    let run = map(items, function)
        .resumable("f")
        .resume(directory.journal());
    let results = run.run();
    assert_eq!(*results[0].as_ref().unwrap(), 5);
    let rejected = results[1].as_ref().unwrap_err().rejection().unwrap();
    assert!(
        matches!(rejected.kind(), RejectedKind::Config(error) if error.parameter() == "resume")
    );
    assert_eq!((results.len(), calls.into_inner()), (3, 2));
}

#[test]
fn a_result_that_does_not_become_bytes_is_kept_and_told() {
    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<u8>,
    }
    let directory = Directory::new();
    let function = |first: Option<u8>| Ok::<_, String>(Sparse { first });
    let run = || {
        let run = map([Some(1), None, Some(3)], function).resumable("f");
        run.resume(directory.journal()).run_report()
    };
    let (results, report) = run();
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((report.unrecorded, report.resumed), (1, 0));
    assert!(
        report
            .journal_error
            .unwrap()
            .contains("skip_serializing_if")
    );
    assert_eq!(run().1.resumed, 2);
}
