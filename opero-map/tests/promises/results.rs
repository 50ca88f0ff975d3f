use futures_util::StreamExt;
use opero_core::{Cause, Error, RejectedKind};
use opero_map::{map, map_async};
use proptest::prelude::*;
use tokio::task::yield_now;

/// What an item of the property tests does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Value(u8),
    Error(u8),
    Panic,
    /// Becomes ready after so many polls, where it can wait.
    Late(u8),
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        4 => any::<u8>().prop_map(Item::Value),
        1 => any::<u8>().prop_map(Item::Error),
        1 => Just(Item::Panic),
        2 => (0_u8..4).prop_map(Item::Late),
    ]
}

fn work(item: Item) -> Result<u8, u8> {
    match item {
        Item::Value(value) | Item::Late(value) => Ok(value),
        Item::Error(error) => Err(error),
        Item::Panic => std::panic::resume_unwind(Box::new("told to")),
    }
}

async fn work_async(item: Item) -> Result<u8, u8> {
    if let Item::Late(polls) = item {
        for _ in 0..polls {
            yield_now().await;
        }
    }
    work(item)
}

/// A comparable form of a result: which item it belongs to.
fn seen(result: Result<u8, Error<u8>>) -> Result<u8, Result<u8, String>> {
    result.map_err(|error| match error.into_cause() {
        Cause::Function(error) => Ok(error),
        Cause::Rejected(rejected) => match rejected.kind() {
            RejectedKind::Panic { message, .. } => Err(message.clone()),
            other => panic!("{other:?}"),
        },
    })
}

fn expected(items: &[Item]) -> Vec<Result<u8, Result<u8, String>>> {
    let expect = |item: &Item| match *item {
        Item::Panic => Err(Err("told to".into())),
        other => work(other).map_err(Ok),
    };
    items.iter().map(expect).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_item_has_its_result_at_its_place(
        items in prop::collection::vec(item(), 0..200),
        workers in 1_usize..9,
    ) {
        let expected = expected(&items);
        let check = |results: Vec<Result<u8, Error<u8>>>| {
            prop_assert_eq!(results.into_iter().map(seen).collect::<Vec<_>>(), expected.clone());
            Ok(())
        };
        let threads = || map(items.clone(), work).workers(workers);
        check(threads().run())?;
        check(threads().iter().collect())?;
        let tasks = || map_async(items.clone(), work_async).workers(workers);
        check(tasks().run())?;
        check(tasks().iter().collect())?;
        runtime().block_on(async {
            check(threads().await)?;
            check(threads().stream().collect().await)?;
            check(tasks().await)?;
            check(tasks().join().await)?;
            check(tasks().stream().collect().await)?;
            check(tasks().scoped_stream().collect().await)
        })?;
    }

    #[test]
    fn unordered_the_results_are_the_same_ones(
        items in prop::collection::vec(item(), 0..200),
        workers in 1_usize..9,
    ) {
        let mut expected = expected(&items);
        expected.sort();
        let check = |results: Vec<Result<u8, Error<u8>>>| {
            let mut results: Vec<_> = results.into_iter().map(seen).collect();
            results.sort();
            prop_assert_eq!(results, expected.clone());
            Ok(())
        };
        let threads = || map(items.clone(), work).workers(workers).ordered(false);
        check(threads().run())?;
        check(threads().iter().collect())?;
        let tasks = || map_async(items.clone(), work_async).workers(workers).ordered(false);
        check(tasks().run())?;
        check(tasks().iter().collect())?;
        runtime().block_on(async {
            check(tasks().await)?;
            check(tasks().stream().collect().await)
        })?;
    }
}

#[test]
fn unordered_results_come_as_they_are_completed() {
    runtime().block_on(async {
        let rounds = [5_u8, 0, 3, 1];
        let late = |rounds| async move {
            for _ in 0..rounds {
                yield_now().await;
            }
            Ok::<_, ()>(rounds)
        };
        let results = map_async(rounds, late).ordered(false).await;
        let results: Vec<_> = results.into_iter().flatten().collect();
        assert_eq!(results, [0, 1, 3, 5]);
    });
}

#[test]
fn many_trivial_items_keep_their_places() {
    let results = map(0..100_000_u32, Ok::<_, ()>)
        .workers(4)
        .try_run()
        .unwrap();
    assert!(results.into_iter().eq(0..100_000));
}
