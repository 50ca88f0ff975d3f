//! A function in a worker process: its arguments from their bytes, its outcome to bytes.

mod arguments;
mod demands;

pub use arguments::{
    Borrowed, BorrowedAny, BorrowedSerde, Owned, OwnedAny, OwnedSerde, nothing_left,
};
pub use demands::{argument_travels, borrowed_argument_travels, error_travels, value_travels};

use opero_core::stable::OutcomeCodec;
use opero_core::{CodecError, ConfigError};
use opero_map::RemoteFunction;

use super::adapter::Returns;
use super::job::MapJob;
use super::recipe::Callee;
use super::{Adapter, Lack};

/// The type of what a function returned, to ask for its adapter.
pub fn returns_like<R>(_: &R) -> Returns<R> {
    super::returns()
}

/// Appends what the execution of a function came to.
///
/// # Errors
/// Where it does not become bytes.
pub fn append_outcome<A: Adapter>(
    _: A,
    returned: A::Return,
    codec: Result<OutcomeCodec<A::Value, A::Error>, Lack>,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let codec = codec.map_err(Lack::codec_error)?;
    let outcome = A::lift(returned);
    codec.encode(outcome.as_ref(), out)
}

impl<P: Callee> MapJob<P> {
    /// The function as worker processes know it, if they can.
    pub(super) fn remote_function(&self) -> Result<RemoteFunction, ConfigError> {
        let lack = match self.0.bytes() {
            Some(bytes) => bytes.arguments.err().or(bytes.outcome.err()),
            None => Some(Lack::Asked),
        };
        match lack {
            None => Ok(RemoteFunction {
                path: self.0.function().name().to_owned(),
                waiting: P::WAIT_MODE,
            }),
            Some(lack) => Err(lack.mode_error()),
        }
    }
}
