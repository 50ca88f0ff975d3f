//! Arguments and outcomes as bytes, absent: there are neither worker processes nor records, so no call asks.

use std::fmt;
use std::marker::PhantomData;

/// Nothing becomes bytes.
pub struct Bytes<S, I, T, E>(PhantomData<Parts<S, I, T, E>>);

type Parts<S, I, T, E> = fn() -> (S, I, T, E);

impl<S, I, T, E> fmt::Debug for Bytes<S, I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bytes")
    }
}
