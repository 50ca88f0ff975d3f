//! A metered provider of completions: a real HTTP server in this process, which counts what it is asked.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

#[path = "desk.rs"]
pub(crate) mod desk;

use desk::{Desk, Fate, answer};

/// How a provider treats who asks it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Where the fates of requests come from.
    pub(crate) seed: u64,
    /// What a key may start: one request every `period`, and `burst` at once after a pause.
    pub(crate) period: Duration,
    pub(crate) burst: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            seed: 1,
            period: Duration::from_millis(50),
            burst: 4,
        }
    }
}

/// A running provider.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) url: String,
    desk: Arc<Mutex<Desk>>,
}

/// How the provider answered so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Served {
    pub(crate) requests: u64,
    pub(crate) answers: u64,
    pub(crate) slow: u64,
    pub(crate) errors: u64,
    pub(crate) outage: u64,
    pub(crate) over_rate: u64,
}

/// What one prompt cost so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) requests: u64,
    /// Those of them that were answered in time.
    pub(crate) answers: u64,
}

impl Provider {
    /// Starts serving on a free port of this machine.
    pub(crate) async fn start(terms: Terms) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/v1/completions", listener.local_addr()?);
        let desk = Arc::new(Mutex::new(Desk::new(terms)));
        let app = Router::new()
            .route("/v1/completions", post(complete))
            .with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { url, desk })
    }

    pub(crate) fn served(&self) -> Served {
        lock(&self.desk).served
    }

    /// What was asked so far, by the prompt.
    pub(crate) fn by_prompt(&self) -> HashMap<String, Asked> {
        lock(&self.desk).by_prompt.clone()
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            answers,
            slow,
            errors,
            outage,
            over_rate,
        } = self;
        write!(
            f,
            "The provider counted {requests} requests: {answers} answered in time, {slow} too late, {errors} failed, \
             {outage} fell into the outage, {over_rate} came above the rate."
        )
    }
}

#[derive(Deserialize)]
struct Ask {
    model: String,
    prompt: String,
}

async fn complete(
    State(desk): State<Arc<Mutex<Desk>>>,
    headers: HeaderMap,
    Json(ask): Json<Ask>,
) -> Response {
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    let fate = lock(&desk).decide(key, &ask, Instant::now());
    match fate {
        Fate::Rejected(status, problem) => (status, problem).into_response(),
        Fate::OverRate(wait) => {
            // The header counts whole seconds.
            let seconds = wait.as_secs_f64().ceil().to_string();
            (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, seconds)],
                "slow down",
            )
                .into_response()
        }
        Fate::Answered(delay) => {
            tokio::time::sleep(delay).await;
            Json(json!({ "model": ask.model, "prompt": ask.prompt, "text": answer(&ask.prompt) }))
                .into_response()
        }
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
