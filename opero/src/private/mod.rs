//! The door that the attributes' output goes through.
//!
//! Not part of the API: it changes together with the macros, whose version is pinned to this crate's.

mod adapter;
mod answers;
mod arguments;
mod checks;
mod fallback;
mod function;
mod keys;
mod operation;
mod path;
mod recipe;
mod renewal;
mod sharing;

#[cfg_attr(feature = "stable", path = "stable/enabled.rs")]
#[cfg_attr(not(feature = "stable"), path = "stable/disabled.rs")]
mod stable;

#[cfg(feature = "cache")]
mod handle;
#[cfg(feature = "map")]
mod job;

pub mod features;

pub use crate::place::{Absent, Present};
pub use opero_core::{Attempt, Background, CodecError, Context, Error, Key, KeyHasher, Refused};

pub use adapter::{
    Adapter, Plain, Returns, ReturnsAny, ReturnsResult, Transparent, Wrapped, plain, returns,
    transparent, wrapped,
};
pub use answers::Answers;
pub use arguments::{
    CloneArgument, HashArgument, HashKey, HashSelf, clone_argument, hash_argument, hash_key,
    hash_self, rate_key,
};
pub use checks::{
    Anything, CachedValue, HoldsBackendRefusals, HoldsRefusals, IsOperoError, Outcome, ReadAs,
    ReadPlain, ReadWrapped, TakesBackendRefusals, TakesRefusals, is_opero_error, read_as,
};
pub use checks::{
    needs_result_for_arg_fallback, needs_result_for_fallback, needs_result_for_fallback_on,
    needs_result_for_max_elapsed, needs_result_for_retries, needs_result_for_retry_after,
    needs_result_for_retry_on,
};
pub use fallback::{Alternatives, pick, values};
pub use function::Function;
pub use keys::{Encode, Encoded, KeyOf, MakeKey, NoKey, ProbedKey, StableKey};
pub use operation::{AsyncBody, Body, Call, SyncBody};
pub use recipe::{
    Bodied, Cached, Draft, OnRefused, Recipe, Route, Uncached, call, call_sync, never_refuses,
    refuses, refuses_by_backend,
};
pub use renewal::{KeepNone, KeepOwned, Kept, Lent, NotKept, Renewing, ignore};
pub use sharing::{Errors, ShareAny, ShareClone, Sharing};
pub use stable::{
    CodecAny, CodecSerde, Probe, ProbeAny, ProbeSerde, Values, stable_argument, stable_codec,
    stable_key, stable_rate_key, stable_self,
};

#[cfg(feature = "cache")]
pub use handle::{Bound, BoundCall, CacheHandle, CachedCall, CachedSyncCall, Way, bind, bind_sync};
#[cfg(feature = "map")]
pub use job::{MapJob, MapRun, map_config};
#[cfg(feature = "map")]
pub use opero_map::{IntoSource, Job, MapConfig, OnError, Run};

/// The configuration that an attribute's parameters make.
pub use crate::PipelineConfig;
