//! What the crate promises, seen from outside.
// The configuration's leave for tests covers `#[test]` functions alone, not what they share.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod backoff; // delays stay in their bounds, wrong parameters are named
mod cancel; // a call dropped at any await point leaves nothing behind
mod fallback; // which values are tried, and when no further one
mod hooks; // closures answer the stages' questions
mod parity; // one script of outcomes, one trace: sync and async
mod policy; // the decision, without any clock
mod retry; // how often, when, and what the error tells
mod script; // the operation that the others run
mod timeout; // what is stopped, and what cannot be
