//! What the crate promises, through its public interface.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "all of it is test code, also where clippy does not see it"
)]

/// Drops of waiting calls, at every await point.
mod cancel;
/// Limiters by key, and their forgetting.
mod keys;
/// Random scripts against a model: the bound, the order, exact times, exact rejections.
mod model;
/// Backends that answer from afar, or not at all.
mod remote;
/// The stage around operations: permits for each execution, events, rejections.
mod stage;
/// Real threads: the bound and the order.
mod threads;

mod support;
/// A call that nothing polls holds up no other.
mod unpolled;
