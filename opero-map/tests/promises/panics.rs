use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use futures_util::StreamExt;
use opero_core::RejectedKind;
use opero_map::{map, map_async};

fn message<T, E>(result: &Result<T, opero_core::Error<E>>) -> Option<&str> {
    match result.as_ref().err()?.rejection()?.kind() {
        RejectedKind::Panic { message, .. } => Some(message),
        _ => None,
    }
}

#[test]
fn a_panic_is_the_result_of_its_item_alone() {
    let work = |n: u32| match n {
        1 => resume_unwind(Box::new("text")),
        2 => resume_unwind(Box::new(String::from("string"))),
        3 => resume_unwind(Box::new(42)),
        _ => Ok::<_, ()>(n),
    };
    for results in [
        map(0..5, work).run(),
        map_async(0..5, async |n| work(n)).run(),
        map(0..5, work).iter().collect(),
    ] {
        let messages: Vec<_> = results.iter().map(message).collect();
        let no_text = "with a value that is no text";
        assert_eq!(
            messages,
            [None, Some("text"), Some("string"), Some(no_text), None]
        );
    }
}

#[test]
fn a_panic_before_the_future_exists_counts_as_the_item_s() {
    let work = |n: u32| {
        if n == 0 {
            resume_unwind(Box::new("early"));
        }
        async move { Ok::<_, ()>(n) }
    };
    let results = map_async(0..2, work).run();
    assert_eq!(message(&results[0]), Some("early"));
    assert!(results[1].is_ok());
}

fn bad_source() -> impl Iterator<Item = u32> + Send {
    (0..).inspect(|&n| {
        if n == 20 {
            resume_unwind(Box::new("source"));
        }
    })
}

fn caught(run: impl FnOnce()) {
    let payload = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"source"));
}

#[test]
fn a_panic_of_the_input_reaches_the_caller() {
    let sync = || map(bad_source(), Ok::<_, ()>).workers(3);
    let tasks = || map_async(bad_source(), async |n| Ok::<_, ()>(n)).workers(3);
    caught(|| drop(sync().run()));
    caught(|| drop(tasks().run()));
    caught(|| sync().iter().for_each(drop));
    caught(|| tasks().iter().for_each(drop));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    caught(|| drop(runtime.block_on(async { sync().await })));
    caught(|| drop(runtime.block_on(async { tasks().await })));
    caught(|| runtime.block_on(async { sync().stream().for_each(async |_| ()).await }));
    caught(|| runtime.block_on(async { tasks().stream().for_each(async |_| ()).await }));
}

#[test]
fn results_before_the_input_s_panic_are_delivered() {
    let mut results = map(bad_source(), Ok::<_, ()>).workers(2).iter();
    assert_eq!(results.by_ref().take(20).flatten().count(), 20);
    caught(|| drop(results.next()));
}

/// What it panicked with is a value of its own, and may do in its destructor what it likes.
#[test]
fn a_payload_that_panics_when_it_is_dropped_is_a_panic_like_others() {
    struct Unwilling;
    impl Drop for Unwilling {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("again"));
        }
    }
    let function = |n: u32| match n {
        1 => std::panic::resume_unwind(Box::new(Unwilling)),
        n => Ok::<_, ()>(n),
    };
    let results = map(0..3, function).workers(2).run();
    assert_eq!(results.len(), 3);
    assert!(results[1].as_ref().unwrap_err().is_panic());
}
