use std::fmt;

/// The promises that a backend breaks, and what was seen.
///
/// `Debug` reads like `Display`, since that is what a test shows that returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    pub(super) backend: String,
    pub(super) broken: Vec<(&'static str, String)>,
}

impl Failure {
    /// The promises, as sentences.
    pub fn broken(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.broken.iter().map(|(promise, _)| *promise)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the backend `{}` breaks its promises:", self.backend)?;
        for (promise, seen) in &self.broken {
            write!(f, "\n- {promise}: {seen}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}
