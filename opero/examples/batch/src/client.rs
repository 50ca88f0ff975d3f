//! The provider's API as a client sees it: one request, and the errors it can end with.
//!
//! All of it is `Serialize` and `Deserialize`: a request may be made in a worker process, and what it ends with comes back
//! from there, or is read from the record of an earlier run.

use std::error::Error;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Response, StatusCode, header};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One prompt, and where it goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) api_key: ApiKey,
    pub(crate) prompt: String,
}

/// What a request is paid with.
#[derive(Clone, Hash, Serialize, Deserialize)]
pub(crate) struct ApiKey(pub(crate) String);

/// The provider's answer: read from its JSON, and kept by caches that outlive the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Completion {
    pub(crate) prompt: String,
    pub(crate) text: String,
}

/// Why there is no completion.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ApiError {
    /// The provider rejected, and may have said when to come back.
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// The request or its answer got lost.
    Transport(String),
}

impl ApiError {
    /// Can the same request succeed later?
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 429 | 500..),
            Self::Transport(_) => true,
        }
    }

    /// Is the model to blame, so that another one may do better at once?
    pub(crate) fn is_the_models(&self) -> bool {
        matches!(self, Self::Status { status: 500.., .. })
    }

    /// When the provider wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Transport(_) => None,
        }
    }

    fn rejected(response: &Response<Incoming>) -> Self {
        let seconds = response.headers().get(header::RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
        Self::Status {
            status: response.status().as_u16(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }
}

/// One client for all requests of a process: it keeps the connections.
static HTTP: LazyLock<Client<HttpConnector, Full<Bytes>>> =
    LazyLock::new(|| Client::builder(TokioExecutor::new()).build_http());

/// Asks the provider once.
pub(crate) async fn post(request: &Request, model: &str) -> Result<Completion, ApiError> {
    let body = json!({ "model": model, "prompt": request.prompt }).to_string();
    let asked = hyper::Request::post(&request.url)
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", request.api_key.0),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(body))
        .map_err(lost)?;
    let response = HTTP.request(asked).await.map_err(lost)?;
    if !response.status().is_success() {
        return Err(ApiError::rejected(&response));
    }
    let body = response.into_body().collect().await.map_err(lost)?;
    serde_json::from_slice(&body.to_bytes()).map_err(lost)
}

/// In words, since a worker cannot send the error itself. The URL, which may hold a password, is not among them.
fn lost(error: impl Error) -> ApiError {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    ApiError::Transport(words)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, .. } => {
                let status = StatusCode::from_u16(*status).unwrap_or_default();
                write!(f, "the provider answered {status}")
            }
            Self::Transport(words) => f.write_str(words),
        }
    }
}

impl Error for ApiError {}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}
