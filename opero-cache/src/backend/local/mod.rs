//! What `disk` and `redb` share: a store of records on a local disk, around one of two engines.
//!
//! ```text
//! put -> journal (one write to the operating system) and pending (memory), in one step -> done
//!                                                          |
//!                                                          `- worker, every `flush`: engine, fsync, journal removed
//! read -> pending, where there is any -> engine, in place
//! ```
//!
//! - **What was put survives the end of the process**, also by `kill -9`, from the moment that the put is done: the
//!   journal has it, and the next process replays that into the engine. A power cut may lose what was put in the
//!   last `flush`.
//! - **One thread per database does everything slow**: opening, writing out, fsync, sweeping, evicting, recovering. Callers
//!   wait for it only where there is nothing else to do, and as futures.
//! - **Counts are exact** and written with what they count, so that opening scans nothing.

mod change;
mod database;
mod desk;
pub(super) mod directory;
mod engine;
mod evict;
mod journal;
mod pending;
mod place;
mod recovery;
mod space;
mod store;
mod sweep;
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;
mod worker;

pub(super) use change::{Change, Id, SpaceId, Totals};
pub(super) use database::Shelf;
pub(super) use engine::{Engine, Fault, Scan, Tuning};
pub(super) use store::LocalStore;
