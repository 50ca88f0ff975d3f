//! No argument, value or password of a URL is in any event, error, or configuration.
//!
//! Each case makes a secret, hands it to opero in every place where it takes one, lets everything fail that can, and
//! searches all that opero shows.

use std::fmt::{Debug, Display};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opero::extend::{Attempt, operation};
use opero::extend::{Context, WaitMode, block_on};
use opero::opero_core::sync::lock;
use opero::{Error, Event, ManualClock, Pipeline, PipelineBuilder, PipelineConfig, operomap};
use proptest::prelude::*;

use crate::support::{FlakyCache, Health, with_clock};

/// The function's own error, which shows nothing that its author did not put there.
type Failure = &'static str;

/// All that was shown, in every way that it can be shown.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<String>>);

impl Shown {
    fn debug(&self, shown: &dyn Debug) {
        lock(&self.0).push_str(&format!("{shown:?}\n{shown:#?}\n"));
    }

    fn error(&self, error: &(impl Debug + Display)) {
        self.debug(error);
        lock(&self.0).push_str(&format!("{error}\n"));
    }

    fn result<T, E: Debug + Display>(&self, result: Result<T, E>) {
        if let Err(error) = result {
            self.error(&error);
        }
    }
}

/// Fails in every way with the secret as argument, and succeeds with it as value.
fn call(shown: &Shown, builder: PipelineBuilder<Failure>, secret: &str) {
    if let Some(pipeline) = build(shown, builder) {
        fail(shown, &pipeline, secret);
    }
}

fn build(shown: &Shown, builder: PipelineBuilder<Failure>) -> Option<Pipeline<Failure>> {
    shown.debug(&builder);
    let watching = shown.clone();
    let builder = builder.observer(move |function: &str, event: &Event<'_>| {
        watching.debug(&(function, event));
    });
    let built = builder.build();
    if let Ok(pipeline) = &built {
        shown.debug(pipeline);
        shown.debug(pipeline.stages());
    }
    built.map_err(|error| shown.error(&error)).ok()
}

/// The same with a cache that outlives the process, and is away.
fn call_stable(shown: &Shown, builder: PipelineBuilder<Failure>, secret: &str) {
    let Some(pipeline) = build(shown, builder) else {
        return;
    };
    shown.result(pipeline.call_stable_sync("f", secret, |_| Err::<String, _>("failed")));
    shown.result(pipeline.call_stable_sync("f", secret, |_| Ok(secret.to_owned())));
    let call = pipeline.call_stable("f", secret, |_| async { Ok(secret.to_owned()) });
    shown.result(block_on(call));
}

fn fail(shown: &Shown, pipeline: &Pipeline<Failure>, secret: &str) {
    for failures in 0..=2 {
        let executions = Mutex::new(0);
        let function = operation(|_: Attempt| async {
            *lock(&executions) += 1;
            match *lock(&executions) > failures {
                true => Ok(secret.to_owned()),
                false => Err("failed"),
            }
        });
        let keyed = (secret, failures);
        let function = function
            .keyed(&keyed)
            .with_fallback_values(2)
            .with_rate_key(secret);
        shown.debug(&function);
        shown.result(pipeline.execute_sync(&function));
        shown.result(block_on(pipeline.execute(&function)));
        shown.result(pipeline.execute_sync(&function.clone().with_fallback_values(0)));
        shown.result(pipeline.execute_sync(&function.with_cost(9)));
    }
    shown.debug(pipeline.stages());
}

/// An attempt that never ends, and its timeout.
fn time_out(shown: &Shown, builder: PipelineBuilder<Failure>, secret: &str) {
    let hanging = |_: Attempt| async {
        std::future::pending::<()>().await;
        Ok(secret.to_owned())
    };
    if let Some(pipeline) = build(shown, builder.attempt_timeout("1s")) {
        shown.result(block_on(pipeline.call(secret, hanging)));
    }
}

/// What a user writes into a configuration, secrets in the right and in the wrong places.
fn configure(shown: &Shown, secret: &str) {
    let url = format!("redis://user:{secret}@host/0?password={secret}");
    for parameter in [
        "cache",
        "cache_ttl",
        "cache_backend",
        "cache_namespace",
        "cache_capacity",
        "retries",
        "min_delay",
        "jitter",
        "attempt_timeout",
        "rate_limit",
        "rate_burst",
        "rate_backend",
    ] {
        let toml = format!("{parameter} = '{url}'");
        let json = format!("{{\"{parameter}\": \"{url}\"}}");
        let broken = format!("{toml}\ncache = = '{url}'");
        for config in [
            PipelineConfig::from_toml(&toml),
            PipelineConfig::from_toml(&broken),
            PipelineConfig::from_json(&json),
            PipelineConfig::from_json(&json[1..]),
        ] {
            match config {
                // A namespace is a name, shown as one.
                Ok(_) if parameter == "cache_namespace" => {}
                Ok(config) => {
                    shown.debug(&config);
                    shown.result(config.into_builder::<Failure>().build());
                }
                Err(error) => shown.error(&error),
            }
        }
    }
}

#[operomap(retries = 1, min_delay = 0, workers = 2, progress = false)]
fn mapped(item: String, token: String) -> Result<String, Error<&'static str>> {
    match item.len() + token.len() {
        0 => Ok(item),
        _ => Err("failed")?,
    }
}

fn secrets() -> impl Strategy<Value = String> {
    "s3cret[a-zA-Z0-9]{4,12}"
}

proptest! {
    // A secret is like another; each case tries every way to show it.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_that_is_shown_holds_a_secret(secret in secrets()) {
        let (shown, clock) = (Shown::default(), ManualClock::auto());
        let backend = format!("user:{secret}@secrets");
        let cache = FlakyCache::made(&backend, &clock);
        let builder = || {
            Pipeline::builder()
                .clock(clock.clone())
                .cache_backend(format!("flaky://{backend}"))
                .retries(1)
                .rate_limit("1/h")
                .rate_burst(3)
                .rate_max_wait("1s")
        };
        for health in [Health::Well, Health::Down, Health::Slow(Duration::from_secs(1)), Health::Foreign] {
            cache.is(health);
            call(&shown, builder(), &secret);
            time_out(&shown, builder(), &secret);
        }
        call(&shown, builder().cache_backend("memory"), &secret);
        call(&shown, builder().cache_backend("quick"), &secret);
        call(&shown, builder().cache_backend(format!("redis://:{secret}@host")), &secret);
        call(&shown, builder().cache_backend(format!("nowhere://{secret}@host")), &secret);
        call(&shown, builder().rate_backend(format!("local://{secret}@host")), &secret);
        // Nothing listens there.
        let away = format!("redis://user:{secret}@127.0.0.1:1");
        call_stable(&shown, builder().cache_backend(away.clone()), &secret);
        call_stable(&shown, builder().cache_backend(format!("memory+{away}")), &secret);
        call(&shown, builder().rate_backend(away), &secret);
        configure(&shown, &secret);
        shown.debug(&Context::new(&clock, WaitMode::Async));

        let run = with_clock(clock.clone(), || {
            let run = mapped([secret.clone()], secret.clone()).timeline(true);
            shown.debug(&run);
            run.with_report().run()
        });
        for result in run.0 {
            shown.result(result);
        }
        let (json, page) = (run.1.to_json(), run.1.to_html());
        lock(&shown.0).push_str(&format!("{}\n{json}\n{page}\n", run.1));

        let shown = lock(&shown.0);
        let leak = shown.lines().find(|line| line.contains(&secret));
        prop_assert!(leak.is_none(), "{}", leak.unwrap_or_default());
        // It was not for want of trying.
        for kind in ["CacheUnavailable", "RateWait", "RateCost", "EmptyFallback", "AttemptTimeout", "GaveUp"] {
            prop_assert!(shown.contains(kind), "{} was never shown", kind);
        }
    }
}
