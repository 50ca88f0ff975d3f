//! What a URI says behind its `?`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::config::{listed, nearest};
use crate::{BackendUri, ConfigError, units};

/// The settings in a URI, `?name=value&name=value`, each to be taken by its name; one that was not taken is an error.
///
/// ```
/// use opero_core::BackendUri;
///
/// let uri = BackendUri::new("disk:///var/cache/app?max_bytes=1000000");
/// let mut params = uri.query_params("cache_backend")?;
/// assert_eq!(params.take::<u64>("max_bytes", "a whole number of bytes")?, Some(1_000_000));
/// assert_eq!(params.take_time("flush")?, None);
/// params.finish()?;
/// # Ok::<_, opero_core::ConfigError>(())
/// ```
pub struct QueryParams {
    parameter: &'static str,
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl BackendUri {
    /// The settings behind the `?`; `parameter` is the one whose value this URI is, for messages.
    ///
    /// # Errors
    /// Where a setting is given twice or has no value.
    pub fn query_params(&self, parameter: &'static str) -> Result<QueryParams, ConfigError> {
        let mut params = QueryParams {
            parameter,
            given: Vec::new(),
            known: Vec::new(),
        };
        let Some((_, query)) = self.expose().split_once('?') else {
            return Ok(params);
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(params.wrong("has a setting without a value", "write `?name=value`"));
            };
            if params.given.iter().any(|(given, _)| given == name) {
                return Err(params.wrong("has a setting twice", "remove one of them"));
            }
            params.given.push((name.to_owned(), value.to_owned()));
        }
        Ok(params)
    }

    /// The URI without the setting of that name, and what that one says.
    #[must_use]
    pub fn split_param(&self, name: &str) -> (Self, Option<String>) {
        let Some((before, query)) = self.expose().split_once('?') else {
            return (self.clone(), None);
        };
        let of_name = |pair: &&str| pair.split_once('=').is_some_and(|(given, _)| given == name);
        let found = query.split('&').find(of_name);
        let Some((_, value)) = found.and_then(|pair| pair.split_once('=')) else {
            return (self.clone(), None);
        };
        let others: Vec<_> = query.split('&').filter(|pair| !of_name(pair)).collect();
        let uri = match others.is_empty() {
            true => before.to_owned(),
            false => format!("{before}?{}", others.join("&")),
        };
        (Self::new(uri), Some(value.to_owned()))
    }

    /// The URI up to its params.
    #[must_use]
    pub fn without_query(&self) -> Self {
        let text = self.expose();
        Self::new(text.split_once('?').map_or(text, |(before, _)| before))
    }
}

impl QueryParams {
    /// The setting of that name, if it is given. `expected` describes what it takes, as in "a whole number of bytes".
    ///
    /// # Errors
    /// A value that is not one; the message does not show it.
    pub fn take<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.take_text(name) else {
            return Ok(None);
        };
        let value = text.parse();
        value.map(Some).map_err(|_| self.unreadable(name, expected))
    }

    /// The duration of that name, if it is given: a number of seconds, or a text such as `250ms`.
    ///
    /// # Errors
    /// A value that is not one; the message does not show it.
    pub fn take_time(&mut self, name: &'static str) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = self.take_text(name) else {
            return Ok(None);
        };
        let time = match text.parse() {
            Ok(number) => units::seconds(number),
            Err(_) => units::duration(&text),
        };
        let expected = "a number of seconds, or a text like `250ms`";
        time.map(Some).map_err(|_| self.unreadable(name, expected))
    }

    /// The number of bytes of that name, if it is given: a number, or a text such as `64MiB`.
    ///
    /// # Errors
    /// A value that is not one; the message does not show it.
    pub fn take_bytes(&mut self, name: &'static str) -> Result<Option<u64>, ConfigError> {
        let Some(text) = self.take_text(name) else {
            return Ok(None);
        };
        let bytes = text.parse().or_else(|_| units::bytes(&text));
        let expected = "a number of bytes, or a text like `64MiB`";
        bytes.map(Some).map_err(|_| self.unreadable(name, expected))
    }

    /// The text of that name, if it is given.
    pub fn take_text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let place = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.swap_remove(place).1)
    }

    /// These, and those of `beneath` that are not among them.
    #[must_use]
    pub fn over(mut self, beneath: Self) -> Self {
        for (name, value) in beneath.given {
            if !self.given.iter().any(|(given, _)| *given == name) {
                self.given.push((name, value));
            }
        }
        self
    }

    /// All settings were taken.
    ///
    /// # Errors
    /// One that was not, with the ones there are.
    pub fn finish(self) -> Result<(), ConfigError> {
        let Some((name, _)) = self.given.first() else {
            return Ok(());
        };
        let way_out = match (nearest(name, self.known.iter().copied()), &*self.known) {
            (Some(nearest), _) => format!("did you mean `{nearest}`?"),
            (None, []) => "remove it".to_owned(),
            (None, known) => format!("the settings are {}", listed(known)),
        };
        // Not the name: where a password holds a `?`, what follows is a part of it.
        Err(self.wrong("has an unknown setting behind its `?`", &way_out))
    }

    fn unreadable(&self, name: &str, expected: &str) -> ConfigError {
        let problem = format!("has a setting `{name}` whose value cannot be read");
        self.wrong(&problem, &format!("give {expected}"))
    }

    fn wrong(&self, problem: &str, way_out: &str) -> ConfigError {
        ConfigError::new(self.parameter, problem, way_out)
    }
}

impl fmt::Debug for QueryParams {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryParams")
            .field("parameter", &self.parameter)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(text: &str) -> Result<QueryParams, ConfigError> {
        BackendUri::new(text).query_params("cache_backend")
    }

    #[test]
    fn what_is_wrong_is_said_without_what_was_written() {
        let mut given = params("disk:///x?max_byte=5").unwrap();
        assert_eq!(given.take::<u64>("max_bytes", "a number").unwrap(), None);
        assert_eq!(
            given.finish().unwrap_err().to_string(),
            "`cache_backend` has an unknown setting behind its `?`: did you mean `max_bytes`?"
        );
        let mut given = params("disk:///x?max_bytes=geheim").unwrap();
        assert_eq!(
            given
                .take::<u64>("max_bytes", "a number")
                .unwrap_err()
                .to_string(),
            "`cache_backend` has a setting `max_bytes` whose value cannot be read: give a number"
        );
        for text in [
            "redis://u:p?geheim@h",
            "redis://h?geheim=1&geheim=2",
            "redis://h?geheim=1",
        ] {
            let error = params(text).and_then(QueryParams::finish).unwrap_err();
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
    }

    #[test]
    fn bytes_are_numbers_or_texts() {
        let bytes = |text| params(&format!("disk:///x?max={text}"))?.take_bytes("max");
        for (text, expected) in [
            ("0", 0),
            ("100", 100),
            ("64MiB", 64 << 20),
            ("2 GB", 2_000_000_000),
            ("1.5GB", 1_500_000_000),
            ("1k", 1_000),
        ] {
            assert_eq!(bytes(text), Ok(Some(expected)), "{text}");
        }
        for text in ["", "MiB", "-1", "1 parsec", "99999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn one_setting_is_split_off() {
        let split = |text: &str| {
            let (uri, value) = BackendUri::new(text).split_param("l1_ttl");
            (uri.expose().to_owned(), value)
        };
        let value = Some("5s".to_owned());
        assert_eq!(
            split("redis://h?l1_ttl=5s"),
            ("redis://h".into(), value.clone())
        );
        assert_eq!(
            split("redis://h?a=1&l1_ttl=5s&b=2"),
            ("redis://h?a=1&b=2".into(), value)
        );
        assert_eq!(
            split("redis://h?a=l1_ttl"),
            ("redis://h?a=l1_ttl".into(), None)
        );
        assert_eq!(split("redis"), ("redis".into(), None));
    }

    #[test]
    fn times_are_numbers_or_texts() {
        for (text, millis) in [
            ("a?t=1.5", 1_500),
            ("a?t=250ms", 250),
            ("a?x=1&t=2s", 2_000),
        ] {
            let time = params(text).unwrap().take_time("t").unwrap();
            assert_eq!(time, Some(Duration::from_millis(millis)));
        }
        assert!(params("a?t=-1").unwrap().take_time("t").is_err());
    }
}
