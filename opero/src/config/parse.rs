//! Configuration from TOML and JSON: the parameters' names, each optional, unknown ones refused.

use std::borrow::Cow;
use std::fmt;

use opero_core::ConfigError;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::{PipelineConfig, Rate, Time};

/// The parameters' names, in the order of the table in the README.
const PARAMETERS: [&str; 16] = [
    "cache",
    "cache_ttl",
    "cache_backend",
    "cache_namespace",
    "cache_capacity",
    "retries",
    "backoff_factor",
    "min_delay",
    "max_delay",
    "jitter",
    "max_elapsed",
    "attempt_timeout",
    "rate_limit",
    "rate_burst",
    "rate_backend",
    "rate_max_wait",
];

impl PipelineConfig {
    /// Reads a configuration from TOML. What is not given has its default.
    ///
    /// ```
    /// use opero::PipelineConfig;
    ///
    /// let config = PipelineConfig::from_toml("retries = 5\ncache_ttl = '10m'\nrate_limit = '100/min'")?;
    /// assert_eq!(config.retries, 5);
    ///
    /// let error = PipelineConfig::from_toml("retrys = 5").unwrap_err();
    /// assert_eq!(error.to_string(), "`retrys` is not a parameter: did you mean `retries`?");
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// A text that is not TOML, an unknown key, a value of the wrong type or outside its range.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // Only the message: the error's own display would quote the text, which may hold passwords.
            let problem = format!("is not TOML: {}", error.message());
            ConfigError::new("configuration", problem, "correct it")
        })?;
        unknown_first(table.keys())?;
        checked(table.try_into(), |error| {
            toml::de::Error::message(error).to_owned()
        })
    }

    /// Reads a configuration from a JSON object. What is not given has its default.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let problem = |error: &serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            format!("is not a JSON object (line {line}, column {column})")
        };
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
            .map_err(|e| ConfigError::new("configuration", problem(&e), "correct it"))?;
        unknown_first(object.keys())?;
        let value = serde_json::from_value(serde_json::Value::Object(object));
        checked(value, ToString::to_string)
    }
}

/// Refuses the first unknown name, before anything else is said about the values.
fn unknown_first<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), ConfigError> {
    for name in names {
        if !PARAMETERS.contains(&name.as_str()) {
            return Err(ConfigError::unknown_parameter(name, PARAMETERS));
        }
    }
    Ok(())
}

fn checked<E>(
    parsed: Result<PipelineConfig, E>,
    message: impl FnOnce(&E) -> String,
) -> Result<PipelineConfig, ConfigError> {
    let config = parsed.map_err(|error| {
        ConfigError::new("configuration", message(&error), "correct the value's type")
    })?;
    config.validate()?;
    Ok(config)
}

impl<'de> Deserialize<'de> for PipelineConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConfigVisitor)
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = PipelineConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of pipeline parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PipelineConfig, A::Error> {
        let mut config = PipelineConfig::default();
        while let Some(name) = map.next_key::<String>()? {
            read(&name, &mut config, &mut map)?;
        }
        Ok(config)
    }
}

/// Reads one value into its field; the error names the parameter.
fn read<'de, A: MapAccess<'de>>(
    name: &str,
    config: &mut PipelineConfig,
    map: &mut A,
) -> Result<(), A::Error> {
    macro_rules! fields {
        ($($field:ident),*; optional: $($option:ident),*) => {
            match name {
                $(stringify!($field) => config.$field = value(name, map)?,)*
                $(stringify!($option) => config.$option = Some(value(name, map)?),)*
                unknown => {
                    let error = ConfigError::unknown_parameter(unknown, PARAMETERS);
                    return Err(de::Error::custom(error));
                }
            }
        };
    }
    fields!(cache, cache_ttl, cache_backend, cache_namespace, cache_capacity, retries, backoff_factor,
        min_delay, max_delay, jitter, rate_burst, rate_backend;
        optional: max_elapsed, attempt_timeout, rate_limit, rate_max_wait);
    Ok(())
}

fn value<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    name: &str,
    map: &mut A,
) -> Result<T, A::Error> {
    map.next_value().map_err(|error: A::Error| {
        // Only what was expected: serde's message quotes the value, which may be a password in the wrong line.
        let message = error.to_string();
        let expected = message
            .split_once("expected ")
            .map_or("another type", |(_, e)| e);
        let expected = expected.lines().next().unwrap_or(expected);
        de::Error::custom(format!(
            "`{name}` has a value of the wrong type: expected {expected}"
        ))
    })
}

/// A number or a text, whatever the format calls its numbers.
struct NumberOrText(&'static str);

enum Written {
    Number(f64),
    Text(Cow<'static, str>),
}

impl Visitor<'_> for NumberOrText {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Written, E> {
        Ok(Written::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Written, E> {
        Ok(Written::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Written, E> {
        Ok(Written::Number(number as f64))
    }

    fn visit_str<E>(self, text: &str) -> Result<Written, E> {
        Ok(Written::Text(text.to_owned().into()))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = NumberOrText("a number of seconds, or a text such as \"250ms\"");
        Ok(match deserializer.deserialize_any(expected)? {
            Written::Number(seconds) => Self::Seconds(seconds),
            Written::Text(text) => Self::Text(text),
        })
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = NumberOrText("a number of starts per second, or a text such as \"100/min\"");
        Ok(match deserializer.deserialize_any(expected)? {
            Written::Number(rate) => Self::PerSecond(rate),
            Written::Text(text) => Self::Text(text),
        })
    }
}
