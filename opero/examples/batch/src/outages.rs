//! What a cache that does not answer leaves behind: calls go on without it, and only the events tell.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use opero::Event;
use serde_json::json;

/// How often the cache did not answer, and why it last did not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outages(Arc<Mutex<(u64, String)>>);

impl Outages {
    /// Counts those of this process from now on.
    pub(crate) fn watch() -> Self {
        let outages = Self::default();
        let own = outages.clone();
        opero::observe(move |_: &str, event: &Event<'_>| {
            if let Event::CacheUnavailable { reason, .. } = event {
                let mut counted = own.0.lock().unwrap_or_else(PoisonError::into_inner);
                *counted = (counted.0 + 1, (*reason).to_owned());
            }
        });
        outages
    }

    fn get(&self) -> (u64, String) {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.get().0 == 0
    }

    pub(crate) fn to_json(&self) -> String {
        let (count, reason) = self.get();
        json!({ "count": count, "last_reason": reason }).to_string()
    }
}

impl fmt::Display for Outages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, reason) = self.get();
        write!(f, "The cache did not answer {count} times: {reason}.")
    }
}
