//! Where a backend is: a plain name or a URL.

use std::fmt;

/// A backend's name or URL, such as `memory` or `redis://user:password@host/0?timeout=1s`.
///
/// Displayed and debugged it shows neither user, password nor query.
///
/// ```
/// use opero_core::Location;
///
/// let location = Location::new("redis://anna:geheim@cache.local/0?token=x");
/// assert_eq!(location.scheme(), "redis");
/// assert_eq!(location.to_string(), "redis://…@cache.local/0?…");
/// assert_eq!(Location::new("memory").scheme(), "memory");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Location(String);

impl Location {
    /// The location that `text` names. Every text is one; whether a backend is there shows when it is looked up.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What stands before `://`, or the whole plain name.
    pub fn scheme(&self) -> &str {
        self.0
            .split_once("://")
            .map_or(&self.0, |(scheme, _)| scheme)
    }

    /// What stands after `://`; empty for a plain name.
    pub fn rest(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }

    /// The text as the user wrote it, secrets included: for opening a connection, never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Location {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return f.write_str(&self.0);
        };
        // A password may hold any character, so what is shown starts behind the last `@`, wherever it stands.
        let (user, rest) = rest
            .rsplit_once('@')
            .map_or((false, rest), |(_, host)| (true, host));
        let (path, query) = rest
            .split_once(['?', '#'])
            .map_or((rest, false), |(path, _)| (path, true));
        let (user, query) = (if user { "…@" } else { "" }, if query { "?…" } else { "" });
        write!(f, "{scheme}://{user}{path}{query}")
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_password_is_ever_shown(password in "s3cret[a-z:/?#@]{0,8}") {
            let location = Location::new(format!("redis://user:{password}@host:6379/0?key={password}"));
            let shown = format!("{location} {location:?}");
            prop_assert!(!shown.contains("s3cret"), "{}", shown);
        }
    }
}
