//! Errors of configuration, and the nearest name for a misspelt one.

use std::fmt;

use crate::BackendUri;

/// A parameter, a value or a name is wrong: it says which, what is wrong with it, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    parameter: String,
    problem: String,
    way_out: String,
}

impl ConfigError {
    /// `problem` reads on from the parameter's name; `way_out` is what the user can do.
    pub fn new(
        parameter: impl Into<String>,
        problem: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Self {
            parameter: parameter.into(),
            problem: problem.into(),
            way_out: way_out.into(),
        }
    }

    /// An unknown name among `known` ones, with the nearest of them. Of a name that may hold a secret, such as a URL, or
    /// that is longer than 64 characters, only a part is shown.
    pub fn unknown_parameter<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.into_iter().collect();
        let way_out = match nearest(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("the parameters are {}", listed(&known)),
        };
        Self::new(shown(name), "is not a parameter", way_out)
    }

    /// The parameter's name, as the user writes it.
    pub fn parameter(&self) -> &str {
        &self.parameter
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What the user can do.
    pub fn way_out(&self) -> &str {
        &self.way_out
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}: {}", self.parameter, self.problem, self.way_out)
    }
}

impl std::error::Error for ConfigError {}

/// The characters of an unknown name that are shown at most, and the bytes of one that can be like a known one.
const MAX_NAME: usize = 64;

/// A name as it may be shown: a slip of the pen puts a value in its place, such as a URL with its password.
fn shown(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
    let shown = match name.chars().all(is_plain) {
        true => name.to_owned(),
        false => BackendUri::new(name).to_string(),
    };
    match shown.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

/// The name in `known` that is most like `name`, if any is like it at all. None is like one of more than 64 bytes.
///
/// ```
/// use opero_core::config::nearest;
///
/// assert_eq!(nearest("cache_tll", ["cache_ttl", "retries"]), Some("cache_ttl"));
/// assert_eq!(nearest("colour", ["cache_ttl", "retries"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_NAME {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The names in back-quotes, separated by commas.
pub fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<_> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
    quoted.join(", ")
}
