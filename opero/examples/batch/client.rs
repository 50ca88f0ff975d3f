//! The provider's API as a client sees it: one request, and the errors it can end with.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One prompt, and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) api_key: &'static str,
    pub(crate) prompt: String,
}

/// The provider's answer: read from its JSON, and kept by caches that outlive the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Completion {
    pub(crate) text: String,
}

/// Why there is no completion.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The provider refused, and may have said when to come back.
    Status {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    /// The request or its answer got lost.
    Transport(reqwest::Error),
}

impl ApiError {
    /// Can the same request succeed later?
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
            }
            Self::Transport(_) => true,
        }
    }

    /// Is the model to blame, so that another one may do better at once?
    pub(crate) fn is_the_models(&self) -> bool {
        matches!(self, Self::Status { status, .. } if status.is_server_error())
    }

    /// When the provider wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Transport(_) => None,
        }
    }

    fn refused(response: &Response) -> Self {
        let seconds = response.headers().get(header::RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
        Self::Status {
            status: response.status(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }
}

/// One client for all requests: it keeps the connections.
static HTTP: LazyLock<Client> = LazyLock::new(Client::new);

/// Asks the provider once.
pub(crate) async fn post(request: &Request, model: &str) -> Result<Completion, ApiError> {
    let response = HTTP
        .post(&request.url)
        .bearer_auth(request.api_key)
        .json(&json!({ "model": model, "prompt": request.prompt }))
        .send()
        .await?;
    if !response.status().is_success() {
        return Err(ApiError::refused(&response));
    }
    Ok(response.json().await?)
}

impl From<reqwest::Error> for ApiError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, .. } => write!(f, "the provider answered {status}"),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ApiError {}
