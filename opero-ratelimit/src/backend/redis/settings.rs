//! What a redis limiter's URL says behind its `?`.

use std::str::FromStr;

use opero_core::{ConfigError, QueryParams};

/// The limiter's own settings; the connection's are left to it.
#[derive(Debug)]
pub(super) struct LimiterSettings {
    /// What the limit is known by, in place of the function.
    pub(super) name: Option<String>,
    /// The most permits in a batch; 1 where none are taken in batches.
    pub(super) batch: u32,
    pub(super) on_unavailable: OnUnavailable,
}

/// What happens to calls while redis is unreachable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnUnavailable {
    Reject,
    Local,
}

impl LimiterSettings {
    pub(super) fn take(settings: &mut QueryParams) -> Result<Self, ConfigError> {
        let batch = settings.take("batch", "a number of permits above 0, or `auto`")?;
        let on_unavailable = settings.take("on_unavailable", "`reject` or `local`")?;
        Ok(Self {
            name: settings.take_text("name").filter(|name| !name.is_empty()),
            batch: batch.map_or(1, |Batch(most)| most),
            on_unavailable: on_unavailable.unwrap_or(OnUnavailable::Reject),
        })
    }
}

struct Batch(u32);

impl FromStr for Batch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            // The burst and the demand say how many.
            "auto" => Ok(Self(u32::MAX)),
            _ => text
                .parse()
                .ok()
                .filter(|&most| most > 0)
                .map(Self)
                .ok_or(()),
        }
    }
}

impl FromStr for OnUnavailable {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "reject" => Ok(Self::Reject),
            "local" => Ok(Self::Local),
            _ => Err(()),
        }
    }
}
