//! A metered provider of completions: a real HTTP server in this process, unreliable in a repeatable way.
//!
//! The fate of a request follows from the seed, the prompt, the model and how often that pair was asked before, so a
//! run can be repeated. Only two things depend on when a request arrives: the rate of a key, which is what a rate is,
//! and the outage, which hits a fixed number of consecutive requests to one model.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

/// The API keys that the provider knows.
pub(crate) const KEYS: [&str; 2] = ["key-research", "key-support"];
/// The models on offer. The first one has an outage.
pub(crate) const MODELS: [&str; 2] = ["large", "small"];

/// What a key may start: one request every `PERIOD`, and `BURST` at once after a pause.
const PERIOD: Duration = Duration::from_millis(50);
const BURST: u32 = 4;
/// The requests to the first model that its outage swallows.
const OUTAGE: u64 = 50;

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

/// The answer to a prompt, whichever model gives it.
pub(crate) fn answer(prompt: &str) -> String {
    let subject = prompt.trim_end_matches(['.', '?', '!']);
    format!("On \"{subject}\": see volume {}.", hash(&prompt) % 1_000)
}

impl Provider {
    /// Starts serving on a free port of this machine.
    pub(crate) async fn start(seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/v1/completions", listener.local_addr()?);
        let desk = Arc::new(Mutex::new(Desk::new(seed)));
        let app = Router::new()
            .route("/v1/completions", post(complete))
            .with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { url, desk })
    }

    pub(crate) fn served(&self) -> Served {
        lock(&self.desk).served
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
        Fate::Refused(status, problem) => (status, problem).into_response(),
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
            Json(json!({ "model": ask.model, "text": answer(&ask.prompt) })).into_response()
        }
    }
}

enum Fate {
    Answered(Duration),
    OverRate(Duration),
    Refused(StatusCode, &'static str),
}

/// What the provider remembers between requests.
#[derive(Debug)]
struct Desk {
    seed: u64,
    served: Served,
    /// When the next request of a key is due (GCRA's theoretical arrival time).
    due: HashMap<&'static str, Instant>,
    asked: HashMap<u64, u64>,
    /// Requests to the first model.
    first_model: u64,
}

impl Desk {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            served: Served::default(),
            due: HashMap::new(),
            asked: HashMap::new(),
            first_model: 0,
        }
    }

    fn decide(&mut self, key: &str, ask: &Ask, now: Instant) -> Fate {
        self.served.requests += 1;
        let Some(key) = KEYS.into_iter().find(|known| *known == key) else {
            return Fate::Refused(StatusCode::UNAUTHORIZED, "unknown key");
        };
        if !MODELS.contains(&ask.model.as_str()) {
            return Fate::Refused(StatusCode::NOT_FOUND, "unknown model");
        }
        if let Some(wait) = self.wait(key, now) {
            self.served.over_rate += 1;
            return Fate::OverRate(wait);
        }
        if self.down(&ask.model) {
            self.served.outage += 1;
            return Fate::Refused(StatusCode::SERVICE_UNAVAILABLE, "the model is down");
        }
        let asked = self
            .asked
            .entry(hash(&(&ask.prompt, &ask.model)))
            .or_default();
        *asked += 1;
        let luck = hash(&(self.seed, &ask.prompt, &ask.model, *asked));
        match luck % 100 {
            0..8 => {
                self.served.errors += 1;
                Fate::Refused(StatusCode::INTERNAL_SERVER_ERROR, "something broke")
            }
            8..11 => {
                self.served.slow += 1;
                Fate::Answered(Duration::from_secs(4))
            }
            _ => {
                self.served.answers += 1;
                Fate::Answered(Duration::from_millis(60 + luck / 100 % 240))
            }
        }
    }

    /// How long `key` must wait, if it is above its rate.
    fn wait(&mut self, key: &'static str, now: Instant) -> Option<Duration> {
        let due = self.due.entry(key).or_insert(now);
        let early = due.saturating_duration_since(now + PERIOD * (BURST - 1));
        if early.is_zero() {
            *due = (*due).max(now) + PERIOD;
            return None;
        }
        Some(early)
    }

    /// Is this one of the requests that the outage hits?
    fn down(&mut self, model: &str) -> bool {
        if model != MODELS[0] {
            return false;
        }
        self.first_model += 1;
        let start = 40 + hash(&self.seed) % 40;
        (start..start + OUTAGE).contains(&self.first_model)
    }
}

fn hash(value: &impl Hash) -> u64 {
    // Its keys are fixed, unlike those of a `HashMap`: the same seed gives the same run.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn lock(desk: &Mutex<Desk>) -> std::sync::MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
