//! The arguments of a call as bytes.

use std::sync::Arc;

/// Arguments from this size on are shared instead of copied.
pub(super) const LARGE_BYTES: usize = 1 << 14;

/// The bytes of a call's arguments.
pub(super) enum Arguments {
    /// Copied to the outgoing bytes.
    Small(Vec<u8>),
    /// Shared with it.
    Large(Arc<Vec<u8>>),
}

impl From<Vec<u8>> for Arguments {
    fn from(bytes: Vec<u8>) -> Self {
        match bytes.len() < LARGE_BYTES {
            true => Self::Small(bytes),
            false => Self::Large(Arc::new(bytes)),
        }
    }
}

impl Arguments {
    /// Copies the outcome, in place of small arguments, which are not sent again.
    pub(super) fn replace(&mut self, outcome: &[u8]) -> Vec<u8> {
        let mut bytes = match self {
            Self::Small(bytes) => std::mem::take(bytes),
            Self::Large(_) => Vec::new(),
        };
        bytes.clear();
        bytes.extend_from_slice(outcome);
        bytes
    }
}
