//! What users do today, one module for each family, with the settings that opero has by default or is given in the
//! rows: 3 retries, exponential backoff from 100 ms, 10,000 entries for an hour, the first of two models.

pub(crate) mod backon;
pub(crate) mod cached;
pub(crate) mod cached_stores;
pub(crate) mod hand_written;
pub(crate) mod hitbox;
pub(crate) mod moka;
pub(crate) mod pools;
pub(crate) mod procspawn;
pub(crate) mod quick_cache;
pub(crate) mod redb;
pub(crate) mod redis;
pub(crate) mod sled;
pub(crate) mod socket_pair;
pub(crate) mod tower;
pub(crate) mod trypema;
