//! Lists of fallback values.

use std::sync::Mutex;

use opero::{Error, Refused, opero};

#[derive(Debug, Clone, PartialEq)]
enum ApiError {
    Down(String),
    Refused(String),
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.to_string())
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
    assert!(matches!(error, ApiError::Refused(text) if text.contains("is empty")));
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
fn arrays_need_no_conversion_of_refusals() {
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
    assert_eq!(error.last_attempt().alternative, 1);
    let none: [&str; 0] = [];
    assert_eq!(
        history(&none[..]).await.unwrap_err().kind(),
        opero::ErrorKind::EmptyFallback
    );
}
