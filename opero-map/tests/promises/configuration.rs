use std::sync::Arc;
use std::time::Duration;

use opero_core::{Backend, ConfigError, Context, Error, WaitMode, block_on};
use opero_map::{
    Executor, ExecutorRegistration, IntoSource, Job, MapConfig, Run, WorkerLoop, map, map_async,
};

fn problem<T, E: std::fmt::Debug>(result: Result<Vec<T>, opero_core::Error<E>>) -> String {
    let Err(error) = result else { panic!("it ran") };
    error.rejection().unwrap().to_string()
}

#[test]
fn wrong_parameters_are_named_with_the_way_out() {
    let sync = || map(0..3, Ok::<_, ()>);
    let tasks = || map_async(0..3, async |n| Ok::<_, ()>(n));
    let expect = [
        (problem(sync().workers(0).try_run()), "`workers` is 0"),
        (
            problem(tasks().workers(usize::MAX).try_run()),
            "give at most 65536",
        ),
        (
            problem(sync().mode("treads").try_run()),
            "did you mean `thread`?",
        ),
        (problem(sync().mode("async").try_run()), "use `thread`"),
        (problem(tasks().mode("thread").try_run()), "use `async`"),
        (
            problem(sync().item_timeout(Duration::from_secs(1)).try_run()),
            "`item_timeout` is set for a synchronous function",
        ),
        (
            problem(tasks().item_timeout(Duration::ZERO).try_run()),
            "`item_timeout` is zero",
        ),
    ];
    for (shown, part) in expect {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn a_wrong_parameter_is_the_result_of_each_item() {
    let rejected = |results: Vec<Result<u32, opero_core::Error<()>>>| {
        assert_eq!(results.len(), 3);
        for result in results {
            assert_eq!(result.unwrap_err().kind(), opero_core::ErrorKind::Config);
        }
    };
    rejected(map(0..3, Ok).workers(0).run());
    rejected(map(0..3, Ok).workers(0).iter().collect());
    rejected(map_async(0..3, async |n| Ok(n)).workers(0).run());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    rejected(runtime.block_on(async { map(0..3, Ok).mode("process").await }));
    rejected(runtime.block_on(async { map_async(0..3, async |n| Ok(n)).workers(0).await }));
}

/// A job whose stages have a wrong parameter.
struct Misconfigured;

impl Job<u32> for Misconfigured {
    type Output = u32;
    type Error = ();
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    fn check(&self) -> Result<(), ConfigError> {
        Err(ConfigError::new("retries", "is wrong", "correct it"))
    }

    async fn run(&self, _: &Context<'_>, _: u32) -> Result<u32, Error<()>> {
        panic!("it was checked before");
    }
}

#[test]
fn what_the_job_says_of_itself_is_told_before_the_first_item() {
    let run = |items: Vec<u32>| {
        let source = IntoSource::<u32>::into_source(items);
        Run::new("job", source, Misconfigured, MapConfig::default())
    };
    assert_eq!(run(vec![]).check().unwrap_err().parameter(), "retries");
    assert!(problem(run(vec![]).try_run()).contains("`retries` is wrong"));
    for result in run(vec![1, 2]).run().into_iter().chain(run(vec![1]).iter()) {
        assert_eq!(result.unwrap_err().kind(), opero_core::ErrorKind::Config);
    }
}

#[test]
fn an_empty_input_does_not_hide_a_wrong_parameter() {
    assert!(
        map(Vec::<u32>::new(), Ok::<_, ()>)
            .workers(0)
            .try_run()
            .is_err()
    );
    assert!(
        map(Vec::<u32>::new(), Ok::<_, ()>)
            .workers(0)
            .check()
            .is_err()
    );
    assert!(map(Vec::<u32>::new(), Ok::<_, ()>).run().is_empty());
}

#[test]
fn the_most_workers_are_only_as_many_as_items() {
    let results = map(0..3, Ok::<_, ()>).workers(MapConfig::MAX_WORKERS).run();
    assert_eq!(results.len(), 3);
}

#[test]
fn no_item_is_shown_in_debug_output() {
    let run = map(["secret"], Ok::<_, ()>);
    assert!(!format!("{run:?}").contains("secret"));
}

/// A stranger's executor: one worker loop after the other, on the thread that asks.
#[derive(Debug)]
struct OneByOne;

impl Backend for OneByOne {
    fn scheme(&self) -> &str {
        "one-by-one"
    }
}

impl Executor for OneByOne {
    fn waiting(&self, function: WaitMode) -> Option<WaitMode> {
        (function == WaitMode::Blocking).then_some(function)
    }
    fn default_workers(&self) -> usize {
        3
    }
    fn block(&self, worker_loops: Vec<WorkerLoop<'_>>) -> Result<(), ConfigError> {
        worker_loops.into_iter().for_each(block_on);
        Ok(())
    }
    fn spawn(&self, _: Vec<WorkerLoop<'static>>) -> Result<(), ConfigError> {
        Err(ConfigError::new(
            "mode",
            "has no background",
            "use `thread`",
        ))
    }
}

#[test]
fn a_registered_executor_is_found_by_name() {
    opero_core::register(ExecutorRegistration {
        scheme: "one-by-one",
        open: |_| Ok(Arc::new(OneByOne)),
    })
    .unwrap();
    let run = || map(0..9, Ok::<_, ()>).mode("one-by-one");
    assert!(run().try_run().unwrap().into_iter().eq(0..9));
    // What an executor cannot start is each item's result, as any other wrong parameter.
    let iterated: Vec<_> = run().iter().collect();
    assert_eq!(iterated.len(), 9);
    let error = iterated.into_iter().next().unwrap().unwrap_err();
    assert_eq!(
        error.rejection().unwrap().to_string(),
        "`mode` has no background: use `thread`"
    );
}
