//! Parameters from TOML, JSON and the builder: the same names, the same defaults, and errors that help.

use opero::map::MapConfig;
use opero::opero_core::parameters::{CODE, EXPANSION, RUN, VALUES, WORKER};
use opero::{Pipeline, PipelineConfig};

fn toml(text: &str) -> String {
    match PipelineConfig::from_toml(text) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn nothing_given_is_the_defaults() {
    assert_eq!(
        PipelineConfig::from_toml("").unwrap(),
        PipelineConfig::default()
    );
    assert_eq!(
        PipelineConfig::from_json("{}").unwrap(),
        PipelineConfig::default()
    );
}

#[test]
fn toml_and_json_read_every_parameter() {
    let from_toml = PipelineConfig::from_toml(
        r#"
        cache = false
        cache_ttl = "1h"
        cache_stale = "1d"
        cache_refresh = 60
        cache_backend = "quick"
        cache_namespace = "app"
        cache_capacity = 5
        retries = 7
        backoff_factor = 2
        min_delay = 0.25
        max_delay = "1m"
        jitter = false
        max_elapsed = 90
        attempt_timeout = "2s"
        rate_limit = "100/min"
        rate_burst = 3
        rate_backend = "local"
        rate_max_wait = 1
        "#,
    )
    .unwrap();
    let from_json = PipelineConfig::from_json(
        r#"{"cache": false, "cache_ttl": "1h", "cache_stale": "1d", "cache_refresh": 60,
            "cache_backend": "quick", "cache_namespace": "app",
            "cache_capacity": 5, "retries": 7, "backoff_factor": 2.0, "min_delay": 0.25, "max_delay": "1m",
            "jitter": false, "max_elapsed": 90.0, "attempt_timeout": "2s", "rate_limit": "100/min",
            "rate_burst": 3, "rate_backend": "local", "rate_max_wait": 1.0}"#,
    )
    .unwrap();
    let expected = PipelineConfig {
        cache: false,
        cache_ttl: "1h".into(),
        cache_stale: Some("1d".into()),
        cache_refresh: Some(60.into()),
        cache_backend: "quick".into(),
        cache_namespace: "app".into(),
        cache_capacity: 5,
        retries: 7,
        backoff_factor: 2.0,
        min_delay: 0.25.into(),
        max_delay: "1m".into(),
        jitter: false,
        max_elapsed: Some(90.into()),
        attempt_timeout: Some("2s".into()),
        rate_limit: Some("100/min".into()),
        rate_burst: 3,
        rate_backend: "local".into(),
        rate_max_wait: Some(1.into()),
    };
    assert_eq!(from_toml, expected);
    assert_eq!(from_json, expected);
}

#[test]
fn an_unknown_key_is_rejected_with_the_nearest_name() {
    assert_eq!(
        toml("retrys = 5"),
        "`retrys` is not a parameter: did you mean `retries`?"
    );
    assert_eq!(
        PipelineConfig::from_json(r#"{"cache_tll": 5}"#)
            .unwrap_err()
            .to_string(),
        "`cache_tll` is not a parameter: did you mean `cache_ttl`?"
    );
    assert!(toml("colour = 1").contains("the parameters are `cache`, `cache_ttl`"));
}

#[test]
fn an_unknown_key_is_shown_as_a_value_is_and_not_at_any_length() {
    let message = toml("'redis://anna:geheim@host/0?token=x' = 1");
    assert!(
        message.starts_with("`redis://…@host/0?…` is not a parameter"),
        "{message}"
    );
    let message = toml("'anna:geheim' = 1");
    assert!(message.starts_with("`…` is not a parameter"), "{message}");
    assert!(toml("'größe' = 1").starts_with("`größe` is not"));

    // Compared with every known name at its full length, this one would take minutes.
    let long = "k".repeat(10_000_000);
    let expected = format!(
        "`{}…` is not a parameter: the parameters are `cache`",
        "k".repeat(64)
    );
    for json in [
        format!("{{\"{long}\": 1}}"),
        format!("{{\"retries\": 1, \"{long}\": 1}}"),
    ] {
        let message = PipelineConfig::from_json(&json).unwrap_err().to_string();
        assert!(message.starts_with(&expected), "{message}");
        let error = serde_json::from_str::<PipelineConfig>(&json).unwrap_err();
        assert!(error.to_string().starts_with(&expected));
    }
}

#[test]
fn each_bad_value_is_rejected_by_the_name_of_its_parameter() {
    for (text, parameter) in [
        ("min_delay = -1", "min_delay"),
        ("min_delay = nan", "min_delay"),
        ("max_delay = inf", "max_delay"),
        ("min_delay = 5\nmax_delay = 1", "min_delay"),
        ("backoff_factor = -1", "backoff_factor"),
        ("backoff_factor = nan", "backoff_factor"),
        ("cache_ttl = 0", "cache_ttl"),
        ("cache_ttl = 'soon'", "cache_ttl"),
        ("cache_capacity = 0", "cache_capacity"),
        ("cache_namespace = ''", "cache_namespace"),
        ("max_elapsed = -0.5", "max_elapsed"),
        ("attempt_timeout = -1", "attempt_timeout"),
        ("attempt_timeout = 0", "attempt_timeout"),
        ("rate_limit = 0", "rate_limit"),
        ("rate_limit = -2", "rate_limit"),
        ("rate_limit = '5 per hour'", "rate_limit"),
        ("rate_limit = 1\nrate_burst = 0", "rate_burst"),
        ("rate_burst = 0", "rate_burst"),
        ("rate_max_wait = 'x'", "rate_max_wait"),
        ("retries = -1", "retries"),
        ("retries = 'many'", "retries"),
        ("cache = 1", "cache"),
    ] {
        let error = PipelineConfig::from_toml(text).unwrap_err();
        assert_eq!(error.parameter(), parameter, "{text}: {error}");
        assert!(
            error.to_string().starts_with(&format!("`{parameter}` ")),
            "{error}"
        );
    }
}

#[test]
fn a_value_of_the_wrong_type_is_rejected_with_what_fits() {
    for (key, fitting) in [
        ("retries = -1", "give a whole number from 0 on"),
        ("retries = 'geheim'", "give a whole number from 0 on"),
        ("retries = 4294967296", "give a whole number from 0 on"),
        ("cache = 'geheim'", "give `true` or `false`"),
        ("cache_backend = 1", "give a text"),
        ("backoff_factor = 'geheim'", "give a number"),
        (
            "min_delay = []",
            "give a number of seconds, or a text such as \"250ms\"",
        ),
    ] {
        let error = PipelineConfig::from_toml(key).unwrap_err();
        assert_eq!(error.way_out(), fitting, "{error}");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
    let json = PipelineConfig::from_json(r#"{"retries": -1}"#).unwrap_err();
    assert_eq!(
        json.to_string(),
        "`retries` has a value of the wrong type or range: give a whole number from 0 on"
    );
}

#[test]
fn a_parameter_that_no_text_can_hold_is_sent_to_its_place() {
    assert_eq!(
        toml("retry_on = 'timeout'"),
        "`retry_on` is code: give it to the builder or to the call"
    );
    assert_eq!(
        toml("workers = 8"),
        "`workers` belongs to a map: set it on the run"
    );
}

#[test]
fn a_malformed_text_is_rejected_with_its_place() {
    let error = toml("retries = 1\ncache_ttl = ");
    assert!(error.contains("is not TOML (line 2, column "), "{error}");
    let error = PipelineConfig::from_json("{\n\"retries\": }").unwrap_err();
    assert!(error.to_string().contains("(line 2, column 12)"), "{error}");
}

#[test]
fn a_text_that_is_no_configuration_is_rejected_without_being_quoted() {
    for message in [
        toml("retries = 'geheim"),
        toml("cache_backend = redis://:geheim@host"),
        PipelineConfig::from_json("[\"geheim\"]")
            .unwrap_err()
            .to_string(),
        PipelineConfig::from_json("{\"geheim")
            .unwrap_err()
            .to_string(),
    ] {
        assert!(!message.contains("geheim"), "{message}");
        assert!(message.contains("`configuration`"), "{message}");
    }
}

#[test]
fn an_unknown_backend_is_rejected_when_the_pipeline_is_built() {
    let cache = Pipeline::<()>::builder().cache_backend("memroy").build();
    let message = cache.unwrap_err().to_string();
    assert!(message.contains("did you mean `memory`?"), "{message}");

    let limiter = Pipeline::<()>::builder()
        .rate_limit(1)
        .rate_backend("unknown://:geheim@host");
    let message = limiter.build().unwrap_err().to_string();
    assert!(
        message.contains("`rate_backend`") && message.contains("registered are `local`"),
        "{message}"
    );
    assert!(!message.contains("geheim"));
}

#[test]
fn debug_shows_no_password() {
    let config = PipelineConfig {
        cache_backend: "redis://user:geheim@host".into(),
        rate_backend: "redis://user:geheim@host?token=geheim".into(),
        ..PipelineConfig::default()
    };
    assert!(!format!("{config:?} {:?}", config.clone().into_builder::<()>()).contains("geheim"));
}

#[test]
fn a_glob_import_shadows_no_crate_of_the_language() {
    use opero::*;

    let everyone =
        |_: &Pipeline<()>| core::mem::size_of::<PipelineConfig>() > std::mem::size_of::<u8>();
    assert!(everyone(&Pipeline::builder().build().unwrap()));
}

/// Rows of the table: each plain value of a pipeline, and whether it has a default.
macro_rules! rows {
    (values { $($(#[$doc:meta])* $name:ident: $type:ident $(= $default:expr)?;)* } $($rest:tt)*) => {
        const DEFAULTS: &[(&str, bool)] =
            &[$((stringify!($name), !stringify!($($default)?).is_empty()),)*];
    };
}
opero::opero_core::parameters!(rows);

fn names() -> Vec<&'static str> {
    let plain = VALUES.iter().chain(RUN).map(|parameter| parameter.name);
    let others = [CODE, EXPANSION, WORKER].concat();
    plain.chain(others).collect()
}

#[test]
fn a_text_knows_every_parameter_or_says_where_it_belongs() {
    for name in names() {
        let known = toml(&format!("{name} = []"));
        let has_place = VALUES.iter().any(|value| value.name == name);
        let expected = if has_place {
            "wrong type"
        } else {
            "give it to"
        };
        let place = known.contains(expected) || known.contains("set it on the run");
        assert!(place && !known.contains("is not a parameter"), "{known}");
    }
}

#[test]
fn the_documentation_has_every_parameter_with_its_default() {
    /// The names and the default of each row of a table of parameters in that file.
    fn documented(path: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text = std::fs::read_to_string(path).unwrap();
        let codes = |cell: &str| -> Vec<String> {
            let codes = cell.split('`').skip(1).step_by(2);
            codes
                .filter(|code| !code.starts_with('#'))
                .map(String::from)
                .collect()
        };
        let tables = text.split("| parameter | default |").skip(1);
        let rows = tables.flat_map(|table| table.lines().skip(2).take_while(|row| !row.is_empty()));
        rows.map(|row| {
            let mut cells = row.split('|').skip(1);
            (codes(cells.next().unwrap()), codes(cells.next().unwrap()))
        })
        .collect()
    }

    let attributes = ["macros/docs/opero.md", "macros/docs/operomap.md"]
        .map(documented)
        .concat();
    for rows in [attributes, documented("src/guide/configuration.md")] {
        let mut documented: Vec<_> = rows.iter().flat_map(|(names, _)| names).collect();
        let mut known = names();
        documented.sort();
        known.sort_unstable();
        assert_eq!(documented, known);
        for (names, defaults) in &rows {
            for (index, name) in names.iter().enumerate() {
                let row = DEFAULTS.iter().find(|(known, _)| known == name);
                let Some((_, has_default)) = row else {
                    continue;
                };
                assert_eq!(defaults.get(index).is_some(), *has_default, "{name}");
                if let Some(default) = defaults.get(index) {
                    let read = PipelineConfig::from_toml(&format!("{name} = {default}"));
                    assert_eq!(read.unwrap(), PipelineConfig::default(), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_map_has_every_parameter_of_a_run() {
    macro_rules! fields {
        (values $v:tt code $c:tt expansion $e:tt run { $($name:ident: $type:ident,)* } $($rest:tt)*) => {
            fn fields(config: MapConfig) { $(let _ = &config.$name;)* }
        };
    }
    opero::opero_core::parameters!(fields);
    fields(MapConfig::default());
}
