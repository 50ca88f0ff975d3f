//! What we wrote for opero keeps opero's promises.

use std::sync::Arc;

use downstream::{Bounded, Drawer, Gate};
use opero::cache::conformance::{self, Failure, Lifetime};
use opero::opero;
use opero::ratelimit::conformance as limits;

#[test]
fn bounded_keeps_the_promises_of_a_cache() -> Result<(), Failure> {
    conformance::objects(|options| Ok(Arc::new(Bounded::new(options))))
}

#[test]
fn the_drawer_keeps_the_promises_of_a_store() -> Result<(), Failure> {
    let name = format!("drawer-{}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    let result = conformance::store(Lifetime::Store, |options| {
        Ok(Arc::new(Drawer::new(&directory, options)))
    });
    let _ = std::fs::remove_dir_all(&directory);
    result
}

#[test]
fn the_gate_keeps_the_promises_of_a_limiter() -> Result<(), limits::Broken> {
    limits::check(|options| Ok(Arc::new(Gate::new(options)))).map(drop)
}

#[opero(
    cache = false,
    retries = 0,
    rate_limit = "1/h",
    rate_max_wait = 0,
    rate_backend = "gate"
)]
fn knock() -> Result<(), opero::Error<std::convert::Infallible>> {
    Ok(())
}

#[test]
fn the_gate_is_found_by_its_name() {
    assert!(knock().is_ok());
    assert!(knock().unwrap_err().is_rate_limited());
}
