use opero_retry::{
    Attempt, Context, ErrorKind, Fallback, RejectedKind, Retry, RetryPolicy, Stack, Stage,
};

use crate::script::{Failure, Outcome, PLAIN, Script, Trace, ms};

#[test]
fn values_are_tried_in_order_until_one_succeeds() {
    let script = Script::new([
        Outcome::Failure(PLAIN),
        Outcome::Failure(PLAIN),
        Outcome::Value,
    ])
    .fallback_values(5);
    let trace = Trace::default();
    let cx = Context::blocking().with_observer(&trace);
    let value = opero_core::block_on(Fallback::new().call(&cx, Attempt::FIRST, &script));
    assert_eq!(value.unwrap(), 2);
    assert_eq!(
        trace.lines(),
        [
            "ExecutionStarted { attempt: Attempt { number: 1, fallback_index: 0 } }",
            "FallbackUsed { attempt: Attempt { number: 1, fallback_index: 1 } }",
            "ExecutionStarted { attempt: Attempt { number: 1, fallback_index: 1 } }",
            "FallbackUsed { attempt: Attempt { number: 1, fallback_index: 2 } }",
            "ExecutionStarted { attempt: Attempt { number: 1, fallback_index: 2 } }",
        ]
    );
}

#[test]
fn one_retry_tries_every_value_before_it_backs_off() {
    let retry = Retry::new(RetryPolicy::default().with_retries(1)).unwrap();
    let clock = opero_retry::ManualClock::auto();
    let trace = Trace::default();
    let cx = Context::new(&clock, opero_retry::WaitMode::Blocking).with_observer(&trace);
    let script = Script::failing().fallback_values(2);
    let stages = Stack::new(retry, Fallback::new());
    let error = opero_core::block_on(stages.call(&cx, Attempt::FIRST, &script)).unwrap_err();
    let names: Vec<_> = trace.lines().iter().map(|l| l[..8].to_owned()).collect();
    let round = ["Executio", "Fallback", "Executio"];
    assert_eq!(
        names,
        [&round[..], &["RetrySch"], &round, &["GaveUp {"]].concat()
    );
    let tried: Vec<_> = error
        .earlier()
        .iter()
        .map(|f| (f.attempt.number, f.attempt.fallback_index))
        .collect();
    assert_eq!(tried, [(1, 0), (1, 1), (2, 0)]);
    assert_eq!(error.last_attempt().fallback_index, 1);
}

#[test]
fn an_empty_list_is_an_error_before_anything_runs() {
    let script = Script::failing().fallback_values(0);
    let trace = Trace::default();
    let cx = Context::blocking().with_observer(&trace);
    let stages = Stack::new(Retry::new(RetryPolicy::default()).unwrap(), Fallback::new());
    let error = opero_core::block_on(stages.call(&cx, Attempt::FIRST, &script)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EmptyFallback);
    assert_eq!((script.executions(), error.attempts()), (0, 1));
    assert_eq!(trace.lines()[0], "Rejected { kind: EmptyFallback }");
    assert!(error.to_string().contains("pass at least one value"));
}

#[test]
fn an_error_that_no_other_value_helps_ends_the_list() {
    let script = Script::new([Outcome::Failure(Failure {
        next_value: false,
        ..PLAIN
    })])
    .fallback_values(3);
    assert!(Fallback::new().execute_sync(&script).is_err());
    assert_eq!(script.executions(), 1);
}

#[test]
fn a_timeout_is_worth_the_next_value_and_a_wrong_parameter_is_not() {
    let script =
        Script::new([Outcome::TimedOut, Outcome::Hopeless, Outcome::Value]).fallback_values(3);
    let error = Fallback::new().execute_sync(&script).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(script.executions(), 2);
}

#[test]
fn a_value_without_a_permit_passes_the_turn_to_the_next() {
    for kind in [
        RejectedKind::RateWait {
            needed: ms(2_000),
            limit: ms(100),
        },
        RejectedKind::Elapsed {
            needed: ms(2_000),
            left: ms(100),
        },
        RejectedKind::RateCost { cost: 3, burst: 2 },
        RejectedKind::RateBackend {
            reason: "no answer".to_owned(),
        },
    ] {
        let script = Script::new([Outcome::Rejected(kind), Outcome::Value]).fallback_values(2);
        assert_eq!(Fallback::new().execute_sync(&script).unwrap(), 1);
    }
}

#[test]
fn the_predicate_decides_on_rejections_that_may_pass() {
    let rejections = [
        Outcome::TimedOut,
        Outcome::Rejected(RejectedKind::Crashed {
            signal: Some(9),
            code: None,
        }),
        Outcome::Rejected(RejectedKind::Stage {
            stage: "breaker",
            reason: "open".to_owned(),
        }),
    ];
    for rejection in rejections {
        for (next_value, executions) in [(false, 1), (true, 2)] {
            let as_error = Failure {
                next_value,
                ..PLAIN
            };
            let script = Script::new([rejection.clone()])
                .fallback_values(2)
                .rejected_as(as_error);
            assert!(Fallback::new().execute_sync(&script).is_err());
            assert_eq!(script.executions(), executions, "{rejection:?}");
        }
    }
}
