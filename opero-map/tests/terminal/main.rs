//! Programs of their own, at a terminal and without one: what they show, and what Ctrl-C does to
//! them.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

// Ctrl-C once, twice, and for the third time.
mod ctrl_c;
// The programs.
mod programs;
// What is on the screen.
mod screen;

opero_map::worker_tests!();
