//! The ids of records, and of the keyspaces that they are in.

use opero_core::Key;
use opero_core::stable::KeySpace;

/// A function's part of a database: 64 bits of its namespace, 64 bits of its name, so that a namespace is a range.
///
/// A collision would make two functions share a capacity and a `clear`, never a record: keys differ by function too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyspaceId(pub(crate) u128);

impl KeyspaceId {
    /// No function's: its count is the number of the last write-ahead log whose content is in the engine, so that this is written
    /// in one batch with the content. A write-ahead log that should have been removed and was not is known by it.
    pub(super) const APPLIED: Self = Self(u128::MAX);

    pub(super) fn new(namespace: &str, function: &str) -> Self {
        let half = |parts: &[&str]| KeySpace::new(parts).key(b"space").as_u128() as u64;
        let (namespace, function) = (half(&[namespace]), half(&[namespace, function]));
        Self(u128::from(namespace) << 64 | u128::from(function))
    }

    pub(super) fn is_in_namespace_of(self, other: Self) -> bool {
        self.0 >> 64 == other.0 >> 64
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

/// The key of a record in an engine: the keyspace and the call's key, most significant byte first, so that a keyspace is a range.
pub(crate) type Id = [u8; 32];

pub(crate) fn id_of(keyspace: KeyspaceId, key: u128) -> Id {
    let mut id = [0; 32];
    let (first, second) = id.split_at_mut(16);
    first.copy_from_slice(&keyspace.to_bytes());
    second.copy_from_slice(&key.to_be_bytes());
    id
}

pub(super) fn id(keyspace: KeyspaceId, key: Key) -> Id {
    id_of(keyspace, key.as_u128())
}

pub(super) fn keyspace_of(id: &Id) -> KeyspaceId {
    let mut keyspace = [0; 16];
    keyspace.copy_from_slice(&id[..16]);
    KeyspaceId(u128::from_be_bytes(keyspace))
}
