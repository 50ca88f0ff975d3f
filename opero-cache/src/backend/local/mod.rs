//! What `disk` and `redb` share: a store of records on a local disk, around one of two engines.
//!
//! ```text
//! put -> write-ahead log (one write to the operating system) and memtable, in one step -> done
//!                                                             |
//!                                                             `- worker, every `flush`: engine, fsync, write-ahead log removed
//! read -> memtable, where it has any change -> engine, in place
//! ```
//!
//! - **What was put survives the end of the process**, also by `kill -9`, from the moment that the put is done: the
//!   write-ahead log has it, and the next process replays that into the engine. A power cut may lose what was put in the
//!   last `flush`.
//! - **One thread per database does everything slow**: opening, writing out, fsync, sweeping, evicting, recovering. Callers
//!   wait for it only where there is nothing else to do, and as futures.
//! - **Counts are exact** and written with what they count, so that opening scans nothing.

mod age;
mod batch;
mod change;
mod config;
mod database;
pub(super) mod directory;
mod engine;
mod evict;
mod id;
mod keyspace;
mod mailbox;
mod memtable;
mod restore;
mod shared;
mod store;
mod sweep;
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;
mod wal;
mod worker;

pub(super) use change::{Change, Totals};
pub(super) use engine::{Engine, Fault, Scan, Tuning};
pub(super) use id::{Id, KeyspaceId};
pub(super) use store::LocalStore;
