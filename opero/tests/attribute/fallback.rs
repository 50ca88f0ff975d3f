//! Lists of fallback values.

use std::sync::Mutex;

use opero::{Error, ErrorKind, Rejected, opero};

#[derive(Debug, Clone, PartialEq)]
enum ApiError {
    Down(String),
    Rejected(String),
}

impl From<Rejected> for ApiError {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected.to_string())
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Own(String);

#[opero(retries = 0)]
async fn default_list(
    prompt: &str,
    #[fallback("gpt-4", "gpt-3.5")] model: &str,
) -> Result<String, Own> {
    match model {
        "gpt-3.5" => Ok(format!("{prompt} by {model}")),
        _ => Err(Own(model.to_owned())),
    }
}

#[opero(retries = 0, cache = false)]
fn converted(
    #[fallback("a", "b")] model: String,
    #[allow(unused)] other: u8,
) -> Result<String, Own> {
    if model == "a" {
        Err(Own(model))
    } else {
        Ok(model)
    }
}

#[tokio::test]
async fn a_default_list_takes_the_parameter_out_of_the_signature() {
    assert_eq!(default_list("x").await.unwrap(), "x by gpt-3.5");
    assert_eq!(converted(1).unwrap(), "b");
}

#[opero(arg_fallback = "model", retries = 0, cache_key = |prompt, model| (prompt, model))]
async fn passed(seen: &Mutex<Vec<String>>, prompt: &str, model: &str) -> Result<String, ApiError> {
    seen.lock().unwrap().push(model.to_owned());
    match model {
        "good" => Ok(format!("{prompt} by {model}")),
        _ => Err(ApiError::Down(model.to_owned())),
    }
}

#[tokio::test]
async fn a_list_is_tried_in_order_whatever_holds_it() {
    let seen = Mutex::default();
    let good = |result: Result<String, ApiError>| assert_eq!(result.unwrap(), "p by good");
    good(passed(&seen, "p", "good").await);
    good(passed(&seen, "p", ["bad", "good"]).await);
    good(passed(&seen, "p", &["worse", "good"]).await);
    good(passed(&seen, "p", vec!["worst", "good"]).await);
    good(passed(&seen, "p", &vec!["bad", "worse", "good"]).await);
    good(passed(&seen, "p", &["x", "good"][..]).await);
    let seen = seen.into_inner().unwrap().join(" ");
    assert_eq!(
        seen,
        "good bad good worse good worst good bad worse good x good"
    );
}

#[tokio::test]
async fn an_empty_list_is_an_error_and_the_last_error_is_returned() {
    let seen = Mutex::default();
    let none: [&str; 0] = [];
    let error = passed(&seen, "p", none.to_vec()).await.unwrap_err();
    assert!(matches!(error, ApiError::Rejected(text) if text.contains("is empty")));
    let error = passed(&seen, "p", ["bad", "worse"]).await.unwrap_err();
    assert_eq!(error, ApiError::Down("worse".into()));
}

#[opero(arg_fallback = model, retries = 1, min_delay = 0, fallback_on = |e| e.0 != "fatal")]
fn own_error(model: String) -> Result<String, Own> {
    if model == "good" {
        Ok(model)
    } else {
        Err(Own(model))
    }
}

#[test]
fn arrays_need_no_conversion_of_rejections() {
    assert_eq!(
        own_error(["bad".to_owned(), "good".to_owned()]).unwrap(),
        "good"
    );
    assert_eq!(own_error("bad".to_owned()), Err(Own("bad".into())));
    assert_eq!(
        own_error(["fatal".to_owned(), "good".to_owned()]),
        Err(Own("fatal".into()))
    );
}

#[opero(arg_fallback = model, retries = 1, min_delay = 0, cache = false)]
async fn history(model: &str) -> Result<(), Error<Own>> {
    Err(Own(model.to_owned()))?
}

#[tokio::test]
async fn the_history_holds_every_value_of_every_try() {
    let error = history(vec!["a", "b"]).await.unwrap_err();
    assert_eq!(error.attempts(), 4);
    assert_eq!(error.last_attempt().fallback_index, 1);
    let none: [&str; 0] = [];
    assert_eq!(
        history(&none[..]).await.unwrap_err().kind(),
        opero::ErrorKind::EmptyFallback
    );
}

/// Functions with one permit an hour for each value, in every shape of a fallback argument.
macro_rules! limited {
    ($($name:ident($($argument:tt)*) by [$($key:tt)*] gives $value:ident;)*) => {$(
        #[opero(
            arg_fallback = model,
            cache = false,
            retries = 0,
            rate_limit = "1/h",
            rate_max_wait = 0,
            $($key)*
        )]
        #[allow(unused_variables)] // What only the key is made of.
        fn $name($($argument)*) -> Result<String, Error<String>> {
            Ok($value.to_string())
        }
    )*};
}

limited! {
    by_name(model: &str) by [rate_key = model] gives model;
    by_closure(prompt: u8, model: &'static str) by [rate_key = |prompt, model| (prompt, model == "a")] gives model;
    by_owned(model: String) by [rate_key = "model"] gives model;
    in_any_process(model: &str) by [rate_key = model, rate_backend = String::from("local")] gives model;
    by_path(prompt: u8, model: &str) by [rate_key = self::pair] gives model;
    listed(#[fallback("a", "b")] model: &str) by [rate_key = model] gives model;
    listed_owned(#[fallback("a", "b")] model: String) by [rate_key = |model| model] gives model;
}

fn pair<'m>(prompt: &u8, model: &'m str) -> (u8, &'m str) {
    (*prompt, model)
}

#[opero(arg_fallback = model, cache = false, retries = 0, rate_limit = "1/h", rate_max_wait = 0, rate_key = model)]
async fn by_name_async(model: &str) -> Result<String, Error<String>> {
    Ok(model.to_owned())
}

#[tokio::test]
async fn a_limiter_s_key_is_the_value_that_executes_and_not_the_list() {
    macro_rules! shows {
        ($name:ident $(, $first:expr)?; $a:expr, $b:expr $(; $await:ident)?) => {{
            let call = async |list: Vec<_>| $name($($first,)? list)$(.$await)?;
            assert_eq!(call(vec![$a, $b]).await.unwrap(), "a");
            // Its permit is an hour away: the next value has the turn.
            assert_eq!(call(vec![$a, $b]).await.unwrap(), "b");
            let error = call(vec![$a, $b]).await.unwrap_err();
            assert!(error.is_rate_limited());
            assert_eq!(error.attempts(), 2);
            // The value alone, or in another list, has the same limiter.
            assert!(call(vec![$b]).await.unwrap_err().is_rate_limited());
            let empty = call(Vec::new()).await.unwrap_err();
            assert_eq!(empty.kind(), ErrorKind::EmptyFallback);
        }};
    }
    shows!(by_name; "a", "b");
    shows!(by_name_async; "a", "b"; await);
    shows!(by_closure, 1; "a", "b");
    shows!(by_owned; "a".to_owned(), "b".to_owned());
    shows!(in_any_process; "a", "b");
    shows!(by_path, 1; "a", "b");
    assert_eq!([listed(), listed()].map(Result::unwrap), ["a", "b"]);
    assert!(listed().unwrap_err().is_rate_limited());
    assert_eq!(
        [listed_owned(), listed_owned()].map(Result::unwrap),
        ["a", "b"]
    );
}

#[opero(
    arg_fallback = model,
    cache = false,
    retries = 0,
    rate_limit = "1/h",
    rate_burst = 3,
    rate_max_wait = 0,
    rate_cost = |model| if model == "large" { 3 } else { 1 }
)]
fn weighed(model: &str) -> Result<String, Error<String>> {
    Ok(model.to_owned())
}

#[test]
fn an_execution_costs_what_its_value_costs() {
    assert_eq!(weighed(["small", "large"]).unwrap(), "small");
    // Two permits are left: too few for the large one.
    assert_eq!(weighed(["large", "small"]).unwrap(), "small");
    assert_eq!(weighed(["large", "small"]).unwrap(), "small");
    assert!(weighed(["large", "small"]).unwrap_err().is_rate_limited());
}
