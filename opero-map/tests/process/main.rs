//! Maps in worker processes, with real deaths. What a whole program has to show is in
//! `tests/programs`.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

#[macro_use]
mod support;

mod channel; // What an item writes to the channel of its worker costs that item, and no other.
mod crashes; // A crash costs one attempt of one item.
mod kills; // Any worker may be killed at any time.
mod limits; // What takes too long is killed, and nothing else is.
mod memory; // What takes too much memory crashes alone.
mod nesting; // Maps inside of maps.
mod preparing; // What a worker does before its first item.
mod recycling; // Workers are replaced before they crash.
mod results; // Everything arrives, in order, and nothing is held back.

opero_map::worker_tests!();
