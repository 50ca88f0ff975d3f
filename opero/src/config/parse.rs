//! Configuration from TOML and JSON: the parameters' names, each optional, unknown ones rejected.

use std::borrow::Cow;
use std::fmt;

use opero_core::ConfigError;
use opero_core::parameters::{CODE, EXPANSION, RUN, VALUES, WORKER};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::{PipelineConfig, Rate, Time};

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
            // Only the place and the message: the error's own display would quote the text, which may hold passwords.
            let place = error
                .span()
                .map_or(String::new(), |span| place(text, span.start));
            let problem = format!("is not TOML{place}: {}", error.message());
            ConfigError::new("configuration", problem, "correct it")
        })?;
        unknown_first(table.keys())?;
        checked(table)
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
        checked(object)
    }
}

/// Where in `text` a byte stands, counted from 1 as editors do.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    format!(" (line {line}, column {column})")
}

/// Rejects the first unknown name, before anything else is said about the values.
fn unknown_first<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), ConfigError> {
    for name in names {
        if !VALUES.iter().any(|value| value.name == name) {
            return Err(unknown(name));
        }
    }
    Ok(())
}

/// A name that no text can give a value to: of the attributes' other parameters it says where they belong.
fn unknown(name: &str) -> ConfigError {
    let (problem, way_out) = if CODE.contains(&name) {
        ("is code", "give it to the builder or to the call")
    } else if WORKER.contains(&name) {
        ("is code", "give it to `#[operomap]`")
    } else if EXPANSION.contains(&name) {
        (
            "is about what an attribute makes",
            "give it to the attribute",
        )
    } else if RUN.iter().any(|parameter| parameter.name == name) {
        ("belongs to a map", "set it on the run")
    } else {
        return ConfigError::unknown_parameter(name, VALUES.iter().map(|value| value.name));
    };
    ConfigError::new(name, problem, way_out)
}

fn checked<'de, V: Deserializer<'de>>(
    values: impl IntoIterator<Item = (String, V)>,
) -> Result<PipelineConfig, ConfigError> {
    let mut config = PipelineConfig::default();
    for (name, value) in values {
        read(&name, &mut config, value)?;
    }
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
            map.next_value_seed(Field(&name, &mut config))?;
        }
        Ok(config)
    }
}

/// The field of that name, to be read.
struct Field<'a>(&'a str, &'a mut PipelineConfig);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        read(self.0, self.1, value).map_err(de::Error::custom)
    }
}

macro_rules! read {
    (values { $($(#[$doc:meta])* $name:ident: $type:ident $(= $default:expr)?;)* } $($rest:tt)*) => {
        /// Reads one value into its field; the error names the parameter.
        fn read<'de, D: Deserializer<'de>>(
            name: &str,
            config: &mut PipelineConfig,
            value: D,
        ) -> Result<(), ConfigError> {
            match name {
                $(stringify!($name) => config.$name = typed::<$type, D>(name, value)?.into(),)*
                other => return Err(unknown(other)),
            }
            Ok(())
        }
    };
}
opero_core::parameters!(read);

fn typed<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    name: &str,
    value: D,
) -> Result<T, ConfigError> {
    T::deserialize(value).map_err(|error| {
        // Only what was expected: serde's message quotes the value, which may be a password in the wrong line.
        let message = error.to_string();
        let expected = message.split_once("expected ").map_or("", |(_, e)| e);
        let way_out = match expected.lines().next().unwrap_or("").trim() {
            "" => "give a value of another type",
            "a boolean" => "give `true` or `false`",
            "a string" => "give a text",
            "f64" => "give a number",
            "u32" | "u64" => "give a whole number from 0 on",
            expected => return wrong_type(name, format!("give {expected}")),
        };
        wrong_type(name, way_out)
    })
}

fn wrong_type(name: &str, way_out: impl Into<String>) -> ConfigError {
    ConfigError::new(name, "has a value of the wrong type or range", way_out)
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
