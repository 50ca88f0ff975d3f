//! Decides how the provider replies to a request: unreliably, in a repeatable way.
//!
//! The reply to a request follows from the seed, the prompt, the model and how often that pair was asked before, so a
//! run can be repeated. Only two things depend on when a request arrives: the rate of a key, which is what a rate is,
//! and the outage, which hits a fixed number of consecutive requests to one model.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use hyper::StatusCode;

use super::{Ask, Asked, Served, Terms};

/// The API keys that the provider knows.
pub(crate) const KEYS: [&str; 2] = ["key-research", "key-support"];
/// The models on offer. The first one has an outage.
const MODELS: [&str; 2] = ["large", "small"];
/// The requests to the first model that its outage swallows.
const OUTAGE: u64 = 50;

/// The answer to a prompt, whichever model gives it.
pub(crate) fn answer(prompt: &str) -> String {
    let subject = prompt.trim_end_matches(['.', '?', '!']);
    format!("On \"{subject}\": see volume {}.", hash(&prompt) % 1_000)
}

/// How a request is replied to.
pub(super) enum Reply {
    Answered(Duration),
    OverRate(Duration),
    Rejected(StatusCode, &'static str),
}

/// What the provider remembers between requests.
#[derive(Debug)]
pub(super) struct Behaviour {
    terms: Terms,
    pub(super) served: Served,
    pub(super) by_prompt: HashMap<String, Asked>,
    /// When the next request of a key is due (GCRA's theoretical arrival time).
    due: HashMap<&'static str, Instant>,
    /// How often a prompt was put to a model.
    turns: HashMap<u64, u64>,
    /// Requests to the first model.
    first_model: u64,
}

impl Behaviour {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            served: Served::default(),
            by_prompt: HashMap::new(),
            due: HashMap::new(),
            turns: HashMap::new(),
            first_model: 0,
        }
    }

    pub(super) fn decide(&mut self, key: &str, ask: &Ask, now: Instant) -> Reply {
        self.served.requests += 1;
        let asked = self.by_prompt.entry(ask.prompt.clone()).or_default();
        asked.requests += 1;
        let Some(key) = KEYS.into_iter().find(|known| *known == key) else {
            return Reply::Rejected(StatusCode::UNAUTHORIZED, "unknown key");
        };
        if !MODELS.contains(&ask.model.as_str()) {
            return Reply::Rejected(StatusCode::NOT_FOUND, "unknown model");
        }
        if let Some(wait) = self.wait(key, now) {
            self.served.over_rate += 1;
            return Reply::OverRate(wait);
        }
        if self.down(&ask.model) {
            self.served.outage += 1;
            return Reply::Rejected(StatusCode::SERVICE_UNAVAILABLE, "the model is down");
        }
        self.draw(ask)
    }

    /// Decides about a valid request, at random.
    fn draw(&mut self, ask: &Ask) -> Reply {
        let turn = self.turns.entry(hash(&(&ask.prompt, &ask.model)));
        let turn = turn.or_default();
        *turn += 1;
        let luck = hash(&(self.terms.seed, &ask.prompt, &ask.model, *turn));
        match luck % 100 {
            0..8 => {
                self.served.errors += 1;
                Reply::Rejected(StatusCode::INTERNAL_SERVER_ERROR, "something broke")
            }
            8..11 => {
                self.served.slow += 1;
                Reply::Answered(Duration::from_secs(4))
            }
            _ => {
                self.served.answers += 1;
                if let Some(asked) = self.by_prompt.get_mut(&ask.prompt) {
                    asked.answers += 1;
                }
                Reply::Answered(Duration::from_millis(60 + luck / 100 % 240))
            }
        }
    }

    /// How long `key` must wait, if it is above its rate.
    fn wait(&mut self, key: &'static str, now: Instant) -> Option<Duration> {
        let Terms { period, burst, .. } = self.terms;
        let due = self.due.entry(key).or_insert(now);
        let early = due.saturating_duration_since(now + period * (burst - 1));
        if early.is_zero() {
            *due = (*due).max(now) + period;
            return None;
        }
        Some(early)
    }

    /// Returns `true` if the outage hits this request.
    fn down(&mut self, model: &str) -> bool {
        if model != MODELS[0] {
            return false;
        }
        self.first_model += 1;
        let start = 40 + hash(&self.terms.seed) % 40;
        (start..start + OUTAGE).contains(&self.first_model)
    }
}

fn hash(value: &impl Hash) -> u64 {
    // Its keys are fixed, unlike those of a `HashMap`: the same seed gives the same run.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
