use syn::parse_quote;

use crate::errors::Errors;
use crate::parameters::Parameters;
use crate::settings::Settings;

fn problems(text: &str) -> Vec<String> {
    let mut errors = Errors::default();
    match syn::parse_str::<Parameters>(text) {
        Ok(parameters) => drop(Settings::read(&parameters, &parse_quote!(u32), &mut errors)),
        Err(error) => errors.push(error),
    }
    let error = errors.finish().err();
    error
        .into_iter()
        .flatten()
        .map(|error| error.to_string())
        .collect()
}

#[test]
fn good_values_pass() {
    for good in [
        "",
        "cache, jitter = false,",
        "cache_ttl = \"forever\", cache_capacity = 1",
        "retries = MAX, min_delay = DELAY, backoff_factor = 1",
        "min_delay = 0.25, max_delay = \"1h 5m\"",
        "rate_limit = \"100/min\", rate_burst = 100, rate_max_wait = 0",
    ] {
        assert_eq!(problems(good), [""; 0], "{good}");
    }
}

#[test]
fn every_bad_value_is_named_and_all_at_once() {
    let found = problems(
        "min_delay = -1, backoff_factor = 0, retries = 1.5, cache_capacity = 0, rate_limit = 0",
    );
    let names = [
        "cache_capacity",
        "retries",
        "backoff_factor",
        "min_delay",
        "rate_limit",
    ];
    assert_eq!(found.len(), names.len(), "{found:?}");
    for (problem, name) in found.iter().zip(names) {
        assert!(problem.starts_with(&format!("`{name}`")), "{problem}");
    }
}

#[test]
fn a_number_with_a_unit_is_never_read_without_it() {
    for (written, problem) in [
        (
            "min_delay = 1ms",
            "`min_delay` = 1ms needs quotes: write \"1ms\"",
        ),
        (
            "cache_ttl = 1h",
            "`cache_ttl` = 1h needs quotes: write \"1h\"",
        ),
        (
            "cache_ttl = 1.5h",
            "`cache_ttl` = 1.5h needs quotes: write \"1.5h\"",
        ),
        (
            "attempt_timeout = 100ms",
            "`attempt_timeout` = 100ms needs quotes: write \"100ms\"",
        ),
        (
            "rate_limit = 60min",
            "`rate_limit` = 60min needs quotes: write \"60/min\"",
        ),
        (
            "retries = 3s",
            "`retries` takes a plain number, without `s`: write 3",
        ),
        (
            "retries = 300u8",
            "`retries` takes a plain number, without `u8`: write 300",
        ),
        (
            "backoff_factor = 2x",
            "`backoff_factor` takes a plain number, without `x`: write 2",
        ),
    ] {
        assert_eq!(problems(written), [problem]);
    }
    let odd = problems("max_delay = 3parsecs");
    assert!(
        odd[0].starts_with("`max_delay` = 3parsecs has an unknown unit"),
        "{odd:?}"
    );
}

#[test]
fn a_number_of_a_fitting_type_is_that_number() {
    let typed = "retries = 3u32, min_delay = 1f64, max_delay = 1.5f32, cache_capacity = 9usize";
    assert_eq!(problems(typed), [""; 0]);
}

#[test]
fn a_rate_that_the_limiter_would_reject_is_rejected_here() {
    assert_eq!(
        problems("rate_limit = \"1/d\", rate_burst = 26_000").len(),
        0
    );
    assert_eq!(
        problems("rate_limit = \"1/d\", rate_burst = 27_000").len(),
        1
    );
}
