//! The door that the attributes' output goes through.
//!
//! Not part of the API: it changes together with the macros, whose version is pinned to this crate's.

mod adapter;
mod answers;
mod arguments;
mod call;
mod checks;
mod fallback;
mod function;
mod instance;
mod keys;
mod operation;
mod path;
mod recipe;
mod renewal;
mod sharing;
mod single;

#[cfg_attr(feature = "serde", path = "stable/enabled.rs")]
#[cfg_attr(not(feature = "serde"), path = "stable/disabled.rs")]
mod stable;

#[cfg_attr(
    any(feature = "map-process", feature = "map-journal"),
    path = "bytes/enabled.rs"
)]
#[cfg_attr(
    not(any(feature = "map-process", feature = "map-journal")),
    path = "bytes/disabled.rs"
)]
mod bytes;

#[cfg(feature = "cache")]
mod handle;
#[cfg(feature = "map")]
mod job;
#[cfg(any(feature = "map-process", feature = "map-journal"))]
mod kind;
#[cfg(any(feature = "map-process", feature = "map-journal"))]
mod lack;
#[cfg(feature = "map-process")]
mod main;
#[cfg(feature = "map-journal")]
mod recorded;
#[cfg(feature = "map-journal")]
mod recording;
#[cfg(feature = "map-process")]
mod worker;

pub mod features;

pub use crate::staged::{Absent, Present};
pub use opero_core::{Attempt, Background, CodecError, Context, Error, Key, KeyHasher, Rejected};

pub use crate::route::Places;
pub use crate::shell::{Cached, CachedValue, SentError, SentValue, Uncached, call, call_sync};
pub use adapter::{
    Adapter, Plain, Returns, ReturnsAny, ReturnsResult, Transparent, Wrapped, plain, returns,
    transparent, wrapped,
};
pub use answers::{Answer, Answers, NoAnswers, Policy};
pub use arguments::{
    CloneArgument, HashArgument, HashKey, HashSelf, clone_argument, hash_argument, hash_key,
    hash_self, rate_key,
};
pub use call::{
    Lowered, OnRejected, call_placed, call_placed_sync, never_rejects, rejects, rejects_by_backend,
};
pub use checks::{
    Anything, HoldsBackendRejections, HoldsRejections, IsOperoError, Outcome, ReadAs, ReadPlain,
    ReadWrapped, TakesBackendRejections, TakesRejections, is_opero_error, read_as,
};
pub use checks::{
    needs_result_for_arg_fallback, needs_result_for_fallback, needs_result_for_fallback_on,
    needs_result_for_max_elapsed, needs_result_for_retries, needs_result_for_retry_after,
    needs_result_for_retry_on,
};
pub use fallback::{FallbackValues, List, list, pick, values};
pub use function::Function;
pub use instance::{Instance, Registered};
pub use keys::{
    Encode, EncodeAttempt, Encoded, KeyOf, MakeKey, NoKey, ProbedKey, StableKey, WithBytes,
};
pub use operation::{AsyncBody, Body, Own, SyncBody};
pub use opero_core::inventory;
pub use recipe::{Bodied, Callee, CalleeBytes, Failure, Recipe, Return, Value};
pub use renewal::{KeepNone, KeepOwned, Kept, Lent, NotKept, Renewing, ignore};
pub use sharing::{
    Clones, Errors, RejectedAny, RejectedFrom, ShareAny, ShareClone, ShareErrors, Sharing, Unshared,
};
pub use single::{ByClone, ByMove, Cloned, Moved, PassClone, PassMove, Passes, Seen};
pub use stable::{
    CodecAny, CodecSerde, Probe, ProbeAny, ProbeSerde, Values, stable_argument, stable_codec,
    stable_key, stable_rate_key, stable_self,
};

pub use bytes::Bytes;
#[cfg(any(feature = "map-process", feature = "map-journal"))]
pub use bytes::{
    OutcomeAny, OutcomeBoth, OutcomeInfallible, OutcomeValue, Outcomes, Words, WordsDisplay,
    WordsNone,
};
#[cfg(any(feature = "map-process", feature = "map-journal"))]
pub use kind::{IsOwned, Kind, KindAny, Lasting, Whole, is_owned};
#[cfg(any(feature = "map-process", feature = "map-journal"))]
pub use lack::Lack;
#[cfg(feature = "map-process")]
pub use main::{Runtime, run_main};
#[cfg(feature = "map-journal")]
pub use recorded::Journaled;
#[cfg(feature = "map-journal")]
pub use recording::{
    append_constant, append_type, error_is_recorded, identifies_record, value_is_recorded,
};
#[cfg(feature = "map-process")]
pub use worker::{
    Borrowed, BorrowedAny, BorrowedSerde, Owned, OwnedAny, OwnedSerde, append_outcome,
    argument_travels, borrowed_argument_travels, error_travels, nothing_left, returns_like,
    value_travels,
};

#[cfg(feature = "cache")]
pub use handle::{
    BoundCall, BoundRecipe, BoundSyncCall, CacheHandle, CachedCall, CachedSyncCall, Way, bind,
    bind_sync,
};
#[cfg(feature = "map")]
pub use job::{MapJob, map_config, over};
#[cfg(feature = "map-process")]
pub use opero_map::process::{AsyncOutcome, WorkerFunction, WorkerRun};
#[cfg(feature = "map")]
pub use opero_map::{IntoSource, Job, MapConfig, OnError, Run, Share};

/// The configuration that an attribute's parameters make.
pub use crate::PipelineConfig;
