//! What is behind a mechanism: named, registered, opened from a URL.

use std::fmt;

use async_trait::async_trait;

/// A store or a service that a mechanism works with.
///
/// The traits of the mechanisms, such as the cache's, extend this one.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// The name that users write, as in `"memory"` or the first part of `redis://host`.
    fn scheme(&self) -> &str;

    /// Checks that it is reachable. In-process backends always are.
    async fn ping(&self) -> Result<(), BackendError> {
        Ok(())
    }

    /// Writes out what is pending and gives up what is held. Calls after it may fail.
    async fn close(&self) -> Result<(), BackendError> {
        Ok(())
    }
}

/// A backend did not do what was asked. The message holds no secret: no argument, value, or password of a URL.
#[derive(Debug)]
pub struct BackendError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl BackendError {
    /// An error of that description, which must hold no secret.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// The cause, which must hold no secret either.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BackendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
