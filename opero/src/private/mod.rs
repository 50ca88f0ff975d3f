//! The runtime that the attributes' output calls.
//!
//! Not part of the API: it changes together with the macros, whose version is pinned to this
//! crate's.

mod adapter;
mod arguments;
mod builder;
mod bytes;
mod call;
mod checks;
mod fallback;
mod function;
#[cfg(feature = "cache")]
mod handle;
mod keys;
#[cfg(feature = "map")]
mod map;
#[cfg(any(feature = "map-process", feature = "map-journal"))]
mod outcomes;
mod path;
mod policy;
#[cfg(feature = "map-journal")]
mod records;
mod stable;
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
pub use arguments::{
    ByClone, ByMove, CloneArgument, Cloned, HashArgument, HashKey, HashSelf, KeepNone, KeepOwned,
    Kept, Lent, Moved, NotKept, PassClone, PassMove, Passes, Seen, clone_argument, hash_argument,
    hash_key, hash_self, ignore, rate_key,
};
pub use builder::{AsyncBody, Body, CallBody, CallBuilder, SyncBody};
pub use bytes::{Bytes, Unsendable};
pub use call::{
    Callee, CalleeBytes, Failure, Lowered, OnRejected, Own, Return, Value, call_with_stages,
    call_with_stages_sync, never_rejects, rejects, rejects_by_backend,
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
pub use function::{Function, Instance, Registered};
#[cfg(feature = "cache")]
pub use handle::{
    BoundBuilder, BoundCall, BoundSyncCall, CacheHandle, CachedCall, CachedSyncCall, Way, bind,
    bind_sync,
};
#[cfg(feature = "map-journal")]
pub use keys::WithRecord;
pub use keys::{
    Encode, EncodeAttempt, Encoded, KeyOf, MakeKey, NoKey, ProbedKey, StableKey, WithBytes,
    WithRefresh,
};
#[cfg(feature = "map")]
pub use map::{MapJob, map_config, over};
pub use opero_core::inventory;
#[cfg(feature = "map-process")]
pub use opero_map::process::{AsyncOutcome, WorkerFunction, WorkerRun};
#[cfg(feature = "map")]
pub use opero_map::{IntoSource, Job, MapConfig, OnError, Run, Share};
#[cfg(any(feature = "map-process", feature = "map-journal"))]
pub use outcomes::{
    IsOwned, Kind, KindAny, Lasting, OutcomeAny, OutcomeBoth, OutcomeInfallible, OutcomeValue,
    Outcomes, Whole, Words, WordsDisplay, WordsNone, is_owned,
};
pub use policy::{
    Clones, DefaultPolicy, Errors, MakePolicy, Policy, PolicyFunctions, RejectedAny, RejectedFrom,
    ShareAny, ShareClone, ShareErrors, Sharing, Unshared,
};
#[cfg(feature = "map-journal")]
pub use records::{
    append_constant, append_type, error_is_recorded, identifies_record, value_is_recorded,
};
pub use stable::{
    CodecAny, CodecSerde, Probe, ProbeAny, ProbeSerde, Values, stable_argument, stable_codec,
    stable_key, stable_rate_key, stable_self,
};
#[cfg(feature = "map-process")]
pub use worker::{
    Borrowed, BorrowedAny, BorrowedSerde, Owned, OwnedAny, OwnedSerde, Runtime, append_outcome,
    argument_travels, borrowed_argument_travels, error_travels, nothing_left, returns_like,
    run_main, value_travels,
};

/// The configuration that an attribute's parameters make.
pub use crate::PipelineConfig;
