//! Weather reports from an unreliable service, as somebody would write them who has read opero's README.

#![warn(missing_docs, missing_debug_implementations, clippy::pedantic)]

mod breaker;
mod client;
mod drawer;
mod gate;
mod shelf;

pub use breaker::{Breaker, Tally};
pub use client::{
    almanac, describe, describe_cache, describe_call, reports, styled, summaries, summary, Client,
    Failure, ASKED, BREAKER,
};
pub use drawer::Drawer;
pub use gate::Gate;
pub use shelf::Shelf;
