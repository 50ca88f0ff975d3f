//! A metered provider of completions: a real HTTP server in this process, which counts what it is asked.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

#[path = "behaviour.rs"]
pub(crate) mod behaviour;

use behaviour::{Behaviour, Reply, answer};

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
    behaviour: Arc<Mutex<Behaviour>>,
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
        let behaviour = Arc::new(Mutex::new(Behaviour::new(terms)));
        tokio::spawn(serve(listener, Arc::clone(&behaviour)));
        Ok(Self { url, behaviour })
    }

    pub(crate) fn served(&self) -> Served {
        lock(&self.behaviour).served
    }

    /// What was asked so far, by the prompt.
    pub(crate) fn by_prompt(&self) -> HashMap<String, Asked> {
        lock(&self.behaviour).by_prompt.clone()
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

async fn serve(listener: TcpListener, behaviour: Arc<Mutex<Behaviour>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let behaviour = Arc::clone(&behaviour);
        let service = service_fn(move |request| complete(Arc::clone(&behaviour), request));
        // A client that is gone gets no answer.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn complete(
    behaviour: Arc<Mutex<Behaviour>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let ask: Ask = serde_json::from_slice(&body.collect().await?.to_bytes())?;
    let key = (head.headers.get(header::AUTHORIZATION))
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    let reply = lock(&behaviour).decide(key, &ask, Instant::now());
    let response = Response::builder();
    Ok(match reply {
        Reply::Rejected(status, problem) => response.status(status).body(problem.into())?,
        Reply::OverRate(wait) => response
            .status(StatusCode::TOO_MANY_REQUESTS)
            // The header counts whole seconds.
            .header(header::RETRY_AFTER, wait.as_secs_f64().ceil().to_string())
            .body("slow down".into())?,
        Reply::Answered(delay) => {
            tokio::time::sleep(delay).await;
            let text = answer(&ask.prompt);
            let told = json!({ "model": ask.model, "prompt": ask.prompt, "text": text });
            response.body(told.to_string().into())?
        }
    })
}

fn lock(behaviour: &Mutex<Behaviour>) -> MutexGuard<'_, Behaviour> {
    behaviour.lock().unwrap_or_else(PoisonError::into_inner)
}
