//! Attribute, builder, TOML and JSON are four ways to write one pipeline: each case is written once, and the macro
//! spells it in all four. They must do the same with the same script of failures.

use opero::extend::block_on;
use opero::extend::{Attempt, operation};
use opero::{Error, ManualClock, Pipeline, PipelineBuilder, PipelineConfig, opero};

use crate::support::{Failure, Outcome, Script, Trace, with_clock};

/// Long enough for every number of retries below, with two values a try.
const FAILURES: usize = 11;

/// Two calls of one script, of which the first may be kept, and a third one an hour later.
fn behaviour(
    trace: &Trace,
    clock: &ManualClock,
    call: impl Fn(&Script) -> Result<usize, Error<Failure>>,
) -> String {
    let mut story = String::new();
    for failures in [0, 3, FAILURES] {
        let outcomes = (0..=failures).map(|n| match n == failures {
            true => Outcome::Value,
            false => Outcome::Failure(Failure::PLAIN),
        });
        let script = Script::new(trace, clock.clone(), outcomes);
        for pause in [0, 0, 3_601] {
            clock.advance(std::time::Duration::from_secs(pause));
            let before = clock.slept().len();
            let result = call(&script);
            let slept = clock.slept().split_off(before);
            story.push_str(&format!(
                "{:#?} slept {slept:?}: {result:?}\n",
                trace.take()
            ));
        }
    }
    story
}

fn of_pipeline(name: &str, builder: PipelineBuilder<Failure>) -> String {
    let clock = ManualClock::auto();
    let trace = Trace::of(name);
    let pipeline = builder.name(name).clock(clock.clone()).build().unwrap();
    behaviour(&trace, &clock, |script| {
        let function =
            operation(move |at: Attempt| script.run_async(["first", "second"][at.fallback_index]));
        block_on(pipeline.execute(&function.keyed(script).with_fallback_values(2)))
    })
}

macro_rules! same {
    ($case:ident: $($parameter:ident = $value:literal),* $(,)?) => {
        #[test]
        fn $case() {
            #[opero($($parameter = $value),*)]
            async fn decorated(
                script: &Script,
                #[fallback("first", "second")] value: &str,
            ) -> Result<usize, Error<Failure>> {
                Ok(script.run_async(value).await?)
            }

            let name = concat!(module_path!(), "::", stringify!($case), "::decorated");
            let clock = ManualClock::auto();
            let attribute = with_clock(clock.clone(), || {
                behaviour(&Trace::of(name), &clock, |script| block_on(decorated(script)))
            });

            let built = Pipeline::builder()$(.$parameter($value))*;
            assert_eq!(of_pipeline(stringify!($case), built), attribute, "builder");

            let toml = concat!($(stringify!($parameter), " = ", stringify!($value), "\n"),*);
            let toml = PipelineConfig::from_toml(toml).unwrap();
            assert_eq!(of_pipeline(stringify!($case), toml.clone().into()), attribute, "TOML");

            let pairs: [&str; _] = [$(concat!("\"", stringify!($parameter), "\": ", stringify!($value))),*];
            let json = PipelineConfig::from_json(&format!("{{{}}}", pairs.join(", "))).unwrap();
            assert_eq!(json, toml, "JSON");
        }
    };
}

// Without jitter: the defaults of everything else.
same!(defaults: jitter = false);
same!(one_retry: jitter = false, retries = 1);
same!(no_retries: retries = 0);
same!(other_backoff: jitter = false, retries = 5, min_delay = 0.25, max_delay = "1500ms", backoff_factor = 3.5);
same!(a_constant_delay: jitter = true, min_delay = "2s", max_delay = 2);
same!(an_end: jitter = false, retries = 20, max_elapsed = "1s");
same!(no_cache: jitter = false, cache = false);
same!(a_short_life: jitter = false, cache_ttl = "59m");
same!(a_long_life: jitter = false, cache_ttl = 7200);
same!(no_expiry: jitter = false, cache_ttl = "forever");
same!(another_cache: jitter = false, cache_backend = "quick", cache_capacity = 5, cache_namespace = "mine");
same!(a_rate: jitter = false, rate_limit = 4);
same!(a_rate_in_words: jitter = false, rate_limit = "90/min", rate_burst = 3);
same!(an_impatient_rate: jitter = false, rate_limit = "1/h", rate_burst = 2, rate_max_wait = "1s", rate_backend = "local");
same!(a_timeout: jitter = false, attempt_timeout = "10s");

#[test]
fn the_defaults_are_those_of_the_table() {
    let table = r#"
        cache = true
        cache_ttl = 3600
        cache_backend = "memory"
        cache_namespace = "opero"
        cache_capacity = 10_000
        retries = 3
        backoff_factor = 1.5
        min_delay = 0.1
        max_delay = 30
        jitter = true
        rate_burst = 1
        rate_backend = "local"
    "#;
    let defaults = PipelineConfig::default();
    assert_eq!(PipelineConfig::from_toml(table).unwrap(), defaults);
    assert_eq!(PipelineConfig::from_toml("").unwrap(), defaults);
    assert_eq!(PipelineConfig::from_json("{}").unwrap(), defaults);
    let (built, defaults) = (Pipeline::<Failure>::builder(), format!("{defaults:?}"));
    assert!(format!("{built:?}").contains(&defaults));
}

#[test]
fn jitter_by_default_stays_between_the_first_delay_and_the_computed_one() {
    #[opero]
    fn jittery(script: &Script) -> Result<usize, Error<Failure>> {
        Ok(script.run("value")?)
    }
    let clock = ManualClock::auto();
    let script = |_: usize| {
        let failure = Outcome::Failure(Failure::PLAIN);
        Script::new(&Trace::default(), clock.clone(), [failure])
    };
    with_clock(clock.clone(), || {
        for script in (0..100).map(script) {
            assert_eq!(jittery(&script).unwrap_err().attempts(), 4);
        }
    });
    let slept = clock.slept();
    assert_eq!(slept.len(), 300);
    for (n, delay) in slept.iter().enumerate() {
        let computed = 0.1 * 1.5_f64.powi((n as i32 % 3).max(1));
        let delay = delay.as_secs_f64();
        assert!(
            (0.1..=computed + 1e-9).contains(&delay),
            "{delay} above {computed}"
        );
    }
    // All alike would be no jitter; a hundred delays, the first of each call, are alike with probability 10^-900.
    assert!(slept.iter().step_by(3).any(|delay| *delay != slept[0]));
}
