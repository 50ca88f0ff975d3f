//! `disk`: records in sled, a log-structured tree.

mod files;

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use sled::{Batch, Db, IVec};

use opero_core::{BackendUri, ConfigError};

use super::ByteStore;
use super::local::{Change, Engine, Fault, Id, KeyspaceId, LocalStore, Scan, Totals, Tuning};
use crate::config::CacheOptions;

/// The `disk` backend: records on a local disk, in [sled](https://docs.rs/sled/0.34).
///
/// `disk` alone keeps them in the user's cache directory, `disk:///var/cache/app` in an absolute and
/// `disk://cache/app` in a relative one. It is created where it is not there, for this user alone, and holds one database,
/// which all functions of the process share. Behind a `?` stand
///
/// - `max_bytes`: bytes of records at most, keys included, of all functions together, such as `64MiB`; no bound if it is not
///   given. `cache_capacity` bounds the entries of each function. Both are held to at each write-out;
/// - `flush`: time between two write-outs (500 ms);
/// - `memory`: bytes of pages that are kept in memory (`64MiB`);
/// - `sweep`: time between two looks for what has expired, which take 5 ms (1 s).
///
/// What was put survives the end of the process, also by `kill -9`, at once; a power cut may lose what was put in the last
/// `flush`. One process at a time has it open: in any other, each call gets an error and runs without the cache, until it is
/// free. A database that is found damaged twice is put beside, as `cache.sled.damaged-1`, and a new one begun; one that cannot
/// be opened because threads, memory, files or room on the disk are short is left alone.
#[derive(Debug)]
pub enum DiskCache {}

impl DiskCache {
    /// The store of one function. Nothing on the disk is touched before its first use.
    ///
    /// # Errors
    /// A URI that cannot be read. That the directory cannot be used, or that none is named by a user who has no home,
    /// is an error at each use.
    pub fn open(
        uri: &BackendUri,
        options: &CacheOptions,
    ) -> Result<Arc<dyn ByteStore>, ConfigError> {
        Ok(Arc::new(LocalStore::<Sled>::new(uri, options)?))
    }
}

crate::register_store!("disk", DiskCache::open);

/// sled panics with less.
const LEAST_MEMORY: u64 = 256;

/// Records under 32 bytes of key; the totals of a space under its 16 bytes, so before its records.
#[derive(Debug)]
pub(crate) struct Sled {
    db: Db,
    /// sled's log once more. Its own flush hands the log to the disk without waiting for the disk's cache; this does.
    log: File,
}

impl Engine for Sled {
    const SCHEME: &'static str = "disk";
    const NAME: &'static str = "cache.sled";
    /// A batch locks readers out, so it is short.
    const CHUNK: usize = 64;
    const READS_ON: bool = true;

    type Value = IVec;

    fn open(path: &Path, tuning: &Tuning) -> Result<Self, Fault> {
        if path.try_exists()? {
            files::drop_half_snapshots(path)?;
        } else {
            files::create(path)?;
        }
        let flush = u64::try_from(tuning.flush.as_millis()).unwrap_or(u64::MAX);
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(tuning.memory.max(LEAST_MEMORY))
            // Its own flusher is also what reclaims space.
            .flush_every_ms(Some(flush.max(1)));
        let db = files::patiently(|| Ok(config.open()?))?;
        let log = OpenOptions::new().write(true).open(path.join("db"))?;
        Ok(Self { db, log })
    }

    #[inline]
    fn get(&self, id: &Id) -> Result<Option<IVec>, Fault> {
        Ok(self.db.get(id)?)
    }

    fn scan(&self, from: &Id, visit: &mut dyn FnMut(&Id, &[u8]) -> Scan) -> Result<(), Fault> {
        for entry in self.db.range(from.as_slice()..) {
            let (id, stored) = entry?;
            if let Ok(id) = (*id).try_into()
                && visit(id, &stored) == Scan::Enough
            {
                break;
            }
        }
        Ok(())
    }

    fn totals(&self) -> Result<Vec<(KeyspaceId, Totals)>, Fault> {
        let mut found = Vec::new();
        let mut from = Some(0_u128);
        while let Some(start) = from {
            let Some(entry) = self.db.range(start.to_be_bytes()..).next() else {
                break;
            };
            let (id, stored) = entry?;
            let Some(keyspace) = id
                .first_chunk()
                .map(|keyspace| u128::from_be_bytes(*keyspace))
            else {
                return Err(Fault::Damaged("there is a key that is none".to_owned()));
            };
            let totals = Totals::from_bytes(&stored).filter(|_| id.len() == 16);
            let totals =
                totals.ok_or_else(|| Fault::Damaged("records are not counted".to_owned()))?;
            found.push((KeyspaceId(keyspace), totals));
            from = keyspace.checked_add(1);
        }
        Ok(found)
    }

    fn apply(&self, changes: &[Change], totals: &[(KeyspaceId, Totals)]) -> Result<(), Fault> {
        let mut batch = Batch::default();
        for change in changes {
            match change.stored() {
                Some(stored) => batch.insert(&change.id, stored),
                None => batch.remove(&change.id),
            }
        }
        for (keyspace, totals) in totals {
            batch.insert(&keyspace.to_bytes(), &totals.to_bytes());
        }
        Ok(self.db.apply_batch(batch)?)
    }

    fn flush(&self) -> Result<(), Fault> {
        self.db.flush()?;
        Ok(self.log.sync_all()?)
    }
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
                Self::Busy
            }
            // Where a length in a damaged file points beyond its end.
            sled::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Self::Damaged("it ends too early".to_owned())
            }
            sled::Error::Io(error) => Self::Failed(error.to_string()),
            sled::Error::Corruption { .. } => Self::Damaged("its checksums are wrong".to_owned()),
            // Of all databases of the process, since threads of sled serve them all.
            sled::Error::ReportableBug(what) if what.contains("thread") => Self::Failed(what),
            // Such as another version's format.
            sled::Error::Unsupported(what) | sled::Error::ReportableBug(what) => {
                Self::Damaged(what)
            }
            sled::Error::CollectionNotFound(_) => Self::Damaged("a part is missing".to_owned()),
        }
    }
}
