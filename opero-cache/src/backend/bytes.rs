//! Stores of records: results that outlive the process.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use opero_core::{Backend, BackendError, Key};

/// A store of records: results as bytes, on a disk or a server.
///
/// A record is opaque to the store. The stage seals and opens it, and checks what it reads: a store may hand out a record
/// that is damaged, expired or of another call, and costs its caller a miss and no more. It may drop any record at any
/// time. What it cannot do it reports as an error: the call then runs without the cache.
///
/// Keys mean the same in every process ([`KeySpace`](opero_core::stable::KeySpace)), so the store may be shared. It is
/// opened for one function ([`CacheOptions`](crate::CacheOptions)), and keeps the records of two functions apart.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex, time::Duration};
/// use opero_cache::{ByteStore, register_store};
/// use opero_core::{Backend, BackendError, Key, async_trait};
///
/// #[derive(Debug, Default)]
/// struct MapStore(Mutex<HashMap<Key, Vec<u8>>>);
///
/// impl Backend for MapStore {
///     fn scheme(&self) -> &'static str { "map-store" }
/// }
///
/// #[async_trait]
/// impl ByteStore for MapStore {
///     async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, BackendError> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///     async fn put(&self, key: &Key, record: Vec<u8>, _: Option<Duration>) -> Result<(), BackendError> {
///         self.0.lock().unwrap().insert(*key, record);
///         Ok(())
///     }
///     async fn remove(&self, key: &Key) -> Result<(), BackendError> {
///         self.0.lock().unwrap().remove(key);
///         Ok(())
///     }
///     async fn clear(&self) -> Result<(), BackendError> {
///         self.0.lock().unwrap().clear();
///         Ok(())
///     }
/// }
///
/// register_store!("map-store", |_, _| Ok(std::sync::Arc::new(MapStore::default())));
/// ```
#[async_trait]
pub trait ByteStore: Backend {
    /// Reads a record on the spot and shows it to `visit`, where that takes microseconds and does not wait: the whole cost
    /// of a hit on a disk. [`Spot::NeedsAsync`] where it cannot be known on the spot; then [`get`](Self::get) is asked.
    ///
    /// # Errors
    /// Where the store does not work.
    fn read(&self, key: &Key, visit: &mut dyn FnMut(&[u8])) -> Result<Spot, BackendError> {
        let _ = (key, visit);
        Ok(Spot::NeedsAsync)
    }

    /// Reads a record. Dropped at the cache's timeout.
    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, BackendError> {
        let mut record = None;
        self.read(key, &mut |bytes| record = Some(bytes.to_vec()))?;
        Ok(record)
    }

    /// Keeps a record, in place of an earlier one with this key, for `keep`; `None`: for ever. A record may be dropped
    /// later than that: it says itself when it expires.
    async fn put(
        &self,
        key: &Key,
        record: Vec<u8>,
        keep: Option<Duration>,
    ) -> Result<(), BackendError>;

    /// Drops a record, if it is there.
    async fn remove(&self, key: &Key) -> Result<(), BackendError>;

    /// Drops every record of the function that this store was opened for.
    async fn clear(&self) -> Result<(), BackendError>;

    /// Drops every record of every function in the namespace that this store was opened for, also of functions that this
    /// process never called.
    async fn clear_namespace(&self) -> Result<(), BackendError> {
        self.clear().await
    }

    /// Returns `true` if it is a server that several processes share and [`claim`](Self::claim) in. If not, single-flight is within
    /// the process.
    fn is_shared(&self) -> bool {
        false
    }

    /// Lets one of the processes that share the store execute while the others wait for its record. Asked only where it
    /// [`is_shared`](Self::is_shared).
    async fn claim(&self, key: &Key) -> Result<Claim, BackendError> {
        let _ = key;
        Ok(Claim::Unshared)
    }

    /// Returns `true` if the store limits the time of its answers itself, and learns of its outages so. Then the stage's timeout
    /// does not come in between.
    fn bounds_itself(&self) -> bool {
        false
    }

    /// Records held now, of this function, as far as it is known.
    fn entries(&self) -> u64 {
        0
    }

    /// Records dropped to make room, since it was opened.
    fn evictions(&self) -> u64 {
        0
    }
}

/// What a look on the spot found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A record, which was shown.
    Found,
    /// There is none.
    Missing,
    /// Only [`ByteStore::get`] can tell.
    NeedsAsync,
}

/// Who executes, among the processes that share a store. With it comes the record as it is now, read after the decision:
/// a caller that acquires the lease after its last holder has finished finds the record of that one.
#[derive(Debug)]
pub enum Claim {
    /// This caller executes, and no other one while it holds the lease.
    Acquired {
        /// The right to execute.
        lease: Box<dyn Lease>,
        /// The record that is there by now, perhaps one that is out of date.
        record: Option<Vec<u8>>,
    },
    /// Another caller does. Its record, or the end of its lease, will show in a later claim.
    Held {
        /// A number that tells its lease from those before and after.
        holder: u64,
        /// The record that is there by now, perhaps one that is out of date.
        record: Option<Vec<u8>>,
    },
    /// The store has no lease for it: every caller executes.
    Unshared,
}

/// The right to execute, kept alive while it is held, wherever its holder waits or blocks.
///
/// Dropped, it is given up too, as soon as can be. When the holder's process dies, it passes on within its expiry. The cache drops
/// it on a thread of its own where nothing polls the call that holds it, so dropping must not block.
#[async_trait]
pub trait Lease: fmt::Debug + Send + Sync {
    /// Gives it up, behind the record that it was held for.
    async fn release(self: Box<Self>);
}
