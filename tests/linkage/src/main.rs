//! Prints the backends that are linked into a program that depends on opero alone, a mechanism a line.
//!
//! The names come out of the messages for a name that no backend has, so this program mentions no mechanism's crate and no
//! backend, and nothing but opero itself keeps them in.

use opero::{ConfigError, PipelineConfig};

/// A name that no backend has, nor one that is like it.
const UNKNOWN: &str = "?";

fn main() {
    let cache = build(PipelineConfig {
        cache_backend: UNKNOWN.to_owned(),
        ..PipelineConfig::default()
    });
    let limiter = build(PipelineConfig {
        cache: false,
        rate_limit: Some(1.into()),
        rate_backend: UNKNOWN.to_owned(),
        ..PipelineConfig::default()
    });
    println!("cache: {}", names(cache));
    println!("limiter: {}", names(limiter));
    println!("map: {}", names(map()));
}

fn build(config: PipelineConfig) -> Option<ConfigError> {
    config.into_builder::<()>().build().err()
}

#[cfg(feature = "map")]
fn map() -> Option<ConfigError> {
    let run = opero::map::map([0], Ok::<i32, ()>);
    run.mode(UNKNOWN).check().err()
}

#[cfg(not(feature = "map"))]
fn map() -> Option<ConfigError> {
    None
}

/// The names in back-quotes behind "registered are"; `none` where the mechanism has no backend; `off` where it is not
/// there at all.
fn names(error: Option<ConfigError>) -> String {
    let Some(error) = error else {
        return "off".to_owned();
    };
    match error.way_out().split_once("registered are ") {
        Some((_, names)) => names.replace(['`', ','], ""),
        None if error.way_out().starts_with("there is none") => "none".to_owned(),
        None => "off".to_owned(),
    }
}
