//! Where a backend is: a plain name or a URL.

use std::fmt;

/// A backend's name or URL, such as `memory` or `redis://user:password@host/0?timeout=1s`.
///
/// Displayed and debugged it shows neither user, password nor query, and `…` for whatever might be one: a URL with a slip
/// of the pen in it is no reason to print a password.
///
/// ```
/// use opero_core::BackendUri;
///
/// let uri = BackendUri::new("redis://anna:geheim@cache.local/0?token=x");
/// assert_eq!(uri.scheme(), "redis");
/// assert_eq!(uri.to_string(), "redis://…@cache.local/0?…");
/// assert_eq!(BackendUri::new("memory").scheme(), "memory");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BackendUri(String);

impl BackendUri {
    /// The URI that `text` names. Every text is one; whether a backend is there shows when it is looked up.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What stands before `://`, or the whole plain name.
    pub fn scheme(&self) -> &str {
        self.0
            .split_once("://")
            .map_or(&self.0, |(scheme, _)| scheme)
    }

    /// The scheme as it may be shown: `…` where it is no plain word, so that a password may stand in it.
    pub fn shown_scheme(&self) -> &str {
        let scheme = self.scheme();
        if is_word(scheme) { scheme } else { HIDDEN }
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

impl From<&str> for BackendUri {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for BackendUri {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

const HIDDEN: &str = "…";

impl fmt::Display for BackendUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            // No password without a colon or an `@`; what is put in place of a rate may be shown, such as `100 / min`.
            let plain = self
                .0
                .split([' ', '/'])
                .all(|part| part.is_empty() || is_word(part));
            return f.write_str(if plain { &self.0 } else { HIDDEN });
        };
        if !is_word(scheme) {
            return f.write_str(HIDDEN);
        }
        let (rest, query) = match rest.split_once(['?', '#']) {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        // A password may hold any character. So an `@` in the query may end one that holds a `?`, and else the last `@`
        // is the one that ends it.
        if query.is_some_and(|query| query.contains('@')) {
            return write!(f, "{scheme}://{HIDDEN}");
        }
        let (user, place) = match rest.rsplit_once('@') {
            Some((_, place)) => ("…@", place),
            None => ("", rest),
        };
        let place = if is_place(place) { place } else { HIDDEN };
        let query = if query.is_some() { "?…" } else { "" };
        write!(f, "{scheme}://{user}{place}{query}")
    }
}

/// A name as backends have one.
fn is_word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// Returns `true` if it is a host, perhaps with a port and a path. `anna:geheim` is not: its host is missing.
fn is_place(text: &str) -> bool {
    let (authority, path) = text.split_once('/').unwrap_or((text, ""));
    let path = path.split('/').all(|part| part.is_empty() || is_word(part));
    path && (is_host(authority) || is_v6(authority))
}

fn is_host(authority: &str) -> bool {
    match authority.split_once(':') {
        Some((host, port)) => is_word(host) && is_port(port),
        None => authority.is_empty() || is_word(authority),
    }
}

/// Such as `[::1]:6379`.
fn is_v6(authority: &str) -> bool {
    let inner = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    inner.is_some_and(|(address, port)| {
        address.parse::<std::net::Ipv6Addr>().is_ok()
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
    })
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

impl fmt::Debug for BackendUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackendUri({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_holds_no_secret_is_shown() {
        for text in [
            "memory",
            "redis://cache.local:6379/0",
            "redis://[::1]:6379/0",
            "redis+tls://h",
            "mine://",
            "file:///var/cache",
            "100 / min",
        ] {
            assert_eq!(BackendUri::new(text).to_string(), text);
        }
        let shown = |text: &str| BackendUri::new(text).to_string();
        assert_eq!(shown("redis://u:p@h:1/0?x#y"), "redis://…@h:1/0?…");
        assert_eq!(shown("redis://h/0?x=a@b"), "redis://…");
        assert_eq!(shown("redis://anna:geheim"), "redis://…");
        assert_eq!(shown("redis:u:p@h"), "…");
        assert_eq!(BackendUri::new("u:p@redis://h").shown_scheme(), "…");
    }

    /// Where a password stands, stood before a slip of the pen, or might stand.
    const PLACES: [&str; 14] = [
        "redis://user:{}@host:6379/0?key={}",
        "redis://:{}@host",
        "redis://{}@host",
        "redis://host/0?token=ab@{}",
        "redis://host/0?token={}",
        "redis://host#{}",
        "redis:///user:{}@host",
        "redis://a:{}@host,b:{}@host",
        "redis:/user:{}@host",
        "redis:user:{}@host",
        "redis//user:{}@host",
        "redis;//user:{}@host",
        "user:{}@redis://host",
        "user:{}@host",
    ];

    proptest! {
        #[test]
        fn no_password_is_ever_shown(
            place in 0..PLACES.len(),
            password in "[a-z:/?#@% ]{0,6}s3cret[a-z:/?#@% ]{0,8}",
        ) {
            let uri = BackendUri::new(PLACES[place].replace("{}", &password));
            let shown = format!("{uri} {uri:?} {}", uri.shown_scheme());
            prop_assert!(!shown.contains("s3cret"), "{}", shown);
        }

        #[test]
        fn a_password_without_a_host_is_not_shown(password in "[a-z:/?#% ]{0,6}s3cret[a-z:/?#% ]{0,8}") {
            let uri = BackendUri::new(format!("redis://user:{password}"));
            prop_assert!(!uri.to_string().contains("s3cret"), "{}", uri);
        }
    }
}
