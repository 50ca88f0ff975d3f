//! Weather reports from an unreliable service, as a reader of opero's README would write them.

#![warn(missing_docs, missing_debug_implementations, clippy::pedantic)]

mod bounded;
mod breaker;
mod client;
mod drawer;
mod gate;

pub use bounded::Bounded;
pub use breaker::{Breaker, Tally};
pub use client::{
    almanac, describe, describe_cache, describe_call, reports, styled, summaries, summary, Client,
    Failure, ASKED, BREAKER,
};
pub use drawer::Drawer;
pub use gate::Gate;
