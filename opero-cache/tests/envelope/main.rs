//! Records: what opens, what does not, and what no bytes may do.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod corpus;
mod format;
mod promises;
mod subject;
