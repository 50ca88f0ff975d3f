//! Real servers that tests start and stop.
//!
//! Every test starts its own: nothing is shared, nothing has to run beforehand, and what a test breaks it breaks alone.

mod redis;
mod watcher;

pub use redis::{RedisServer, free_port};
