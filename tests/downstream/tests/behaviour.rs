//! What a user relies on.

use downstream::{
    almanac, describe, describe_cache, describe_call, reports, styled, summaries, summary, Client,
    Failure, ASKED, BREAKER,
};
use opero::extend::block_on;
use opero::ErrorKind;

#[test]
fn a_method_is_kept_in_our_own_cache_and_guarded_by_our_own_stage() {
    let client = Client::new("Bear Island", 1);
    let forecast = |city| block_on(client.forecast(city));
    assert_eq!(forecast("Bergen").unwrap(), "Bear Island: rain in Bergen");
    assert_eq!(client.executions(), 2, "busy once, then tried again");
    assert_eq!(forecast("Bergen").unwrap(), "Bear Island: rain in Bergen");
    assert_eq!(client.executions(), 2, "from the cache");

    let busy = Client::new("Busy Bay", 10);
    let error = block_on(busy.forecast("Oslo")).unwrap_err();
    assert_eq!(
        (error.attempts(), error.function_error()),
        (2, Some(&Failure::Busy))
    );
    let error = block_on(busy.forecast("Oslo")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stage);
    assert!(
        error
            .to_string()
            .starts_with("`breaker` rejected: it is open"),
        "{error}"
    );
    assert_eq!(busy.executions(), 3, "after three failures in a row, none");
    BREAKER.close();
}

#[test]
fn a_result_is_kept_as_bytes_in_our_own_store() {
    let client = Client::new("Drawers", 0);
    // The drawer may hold what an earlier run put there.
    let city = format!("Rome {}", std::process::id());
    let expected = format!("Drawers: rain in {city}");
    for executions in 1..=2 {
        assert_eq!(almanac(&client, &city).unwrap(), expected);
        assert_eq!(almanac(&client, &city).unwrap(), expected);
        assert_eq!(client.executions(), executions);
        block_on(opero::cache::clear_namespace("almanac")).unwrap();
    }
}

#[test]
fn a_default_list_of_values_is_tried_in_order() {
    let (client, before) = (Client::new("Styles", 1), ASKED.count());
    let expected = "Styles: rain in Rome (in a word)";
    assert_eq!(summary(&client, "Rome").unwrap(), expected);
    assert_eq!(summary(&client, "Rome").unwrap(), expected);
    assert_eq!(client.executions(), 2);
    assert_eq!(ASKED.count() - before, 2, "outside the cache");
}

#[test]
fn the_caller_may_pass_a_list_of_values() {
    let client = Client::new("Lists", 1);
    let styles = ["briefly", "at length"].map(String::from);
    let call = styled(&client, "Rome".to_owned(), styles);
    assert_eq!(block_on(call).unwrap(), "Lists: rain in Rome at length");
    let call = styled(&client, "Atlantis".to_owned(), "sadly".to_owned());
    assert_eq!(block_on(call), Err(Failure::Unknown("Atlantis".to_owned())));
}

#[test]
fn a_generic_function_is_cached_for_each_type() {
    assert_eq!(describe(1_u8), "[1]");
    assert_eq!(describe("1"), "[1]");
    assert_eq!(describe(1.to_string()), "[1]");
    assert_eq!(describe_cache().stats().unwrap().entries, 3);
    assert_eq!(describe_call(2_u8).peek(), None);
    assert_eq!(describe_call(1_u8).peek().as_deref(), Some("[1]"));
}

#[test]
fn a_map_goes_over_borrowed_cities_on_threads() {
    let client = Client::new("Maps", 0);
    let cities = ["Rome", "Oslo", "Rome", "Atlantis"];
    let (results, report) = reports(cities, &client).run_report();
    assert_eq!(results[2].as_ref().unwrap(), "Maps: rain in Rome");
    let error = results[3].as_ref().unwrap_err();
    assert_eq!(error.attempts(), 2);
    assert_eq!((report.ok, report.failed, report.executions), (3, 1, 4));
}

#[test]
fn a_map_of_an_async_function_needs_no_runtime_of_ours() {
    let client = Client::new("Async maps", 0);
    let cities = ["Rome", "Oslo"].map(String::from);
    let forecasts = summaries(cities, &client).try_run().unwrap();
    assert_eq!(forecasts[1], "Async maps: rain in Oslo");
}

#[test]
fn an_unknown_backend_names_ours_too() {
    let builder = opero::Pipeline::<Failure>::builder().cache_backend("bounde");
    let error = builder.build().unwrap_err().to_string();
    assert!(
        error.contains("did you mean `bounded`? registered are `bounded`, `drawer`, `memory`"),
        "{error}"
    );
}
