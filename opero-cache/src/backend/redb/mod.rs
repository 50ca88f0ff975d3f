//! `redb`: records in redb, a copy-on-write tree.

mod create;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{
    Database, OwnedAccessGuard, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition,
};

use opero_core::{BackendUri, ConfigError};

use super::ByteStore;
use super::local::{Change, Engine, Fault, Id, KeyspaceId, LocalStore, Scan, Totals, Tuning};
use crate::config::CacheOptions;

/// The `redb` backend: records on a local disk, in [redb](https://docs.rs/redb).
///
/// `redb` alone keeps them in the user's cache directory, `redb:///var/cache/app` in an absolute and
/// `redb://cache/app` in a relative one. It is created where it is not there, for this user alone, and holds one database,
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
/// free. A database that is found damaged twice is put beside, as `cache.redb.damaged-1`, and a new one begun; one that cannot
/// be opened because threads, memory, files or room on the disk are short is left alone.
#[derive(Debug)]
pub enum RedbCache {}

impl RedbCache {
    /// The store of one function. Nothing on the disk is touched before its first use.
    ///
    /// # Errors
    /// A URI that cannot be read. That the directory cannot be used, or that none is named by a user who has no home,
    /// is an error at each use.
    pub fn open(
        uri: &BackendUri,
        options: &CacheOptions,
    ) -> Result<Arc<dyn ByteStore>, ConfigError> {
        Ok(Arc::new(LocalStore::<Redb>::new(uri, options)?))
    }
}

crate::register_store!("redb", RedbCache::open);

const RECORDS: TableDefinition<'_, &Id, &[u8]> = TableDefinition::new("records");
const TOTALS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("totals");

type Records = ReadOnlyTable<&'static Id, &'static [u8]>;

pub(crate) struct Redb {
    /// As of the last commit: beginning to read and finding the table costs more than reading.
    records: RwLock<Records>,
    database: Database,
}

impl Redb {
    fn latest(database: &Database) -> Result<Records, redb::Error> {
        Ok(database.begin_read()?.open_table(RECORDS)?)
    }

    #[inline]
    fn records(&self) -> std::sync::RwLockReadGuard<'_, Records> {
        self.records.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(
        database: &Database,
        changes: &[Change],
        totals: &[(KeyspaceId, Totals)],
    ) -> Result<(), redb::Error> {
        let mut writing = database.begin_write()?;
        // After a crash the database opens at once, instead of reading all of itself.
        writing.set_quick_repair(true);
        {
            let mut records = writing.open_table(RECORDS)?;
            for change in changes {
                match change.stored() {
                    Some(stored) => records.insert(&change.id, stored)?,
                    None => records.remove(&change.id)?,
                };
            }
            let mut counted = writing.open_table(TOTALS)?;
            for (keyspace, totals) in totals {
                counted.insert(&keyspace.to_bytes(), totals.to_bytes().as_slice())?;
            }
        }
        writing.commit()?;
        Ok(())
    }
}

impl std::fmt::Debug for Redb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redb")
    }
}

pub(crate) struct Stored(OwnedAccessGuard<&'static [u8]>);

impl AsRef<[u8]> for Stored {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.0.value()
    }
}

impl Engine for Redb {
    const SCHEME: &'static str = "redb";
    const NAME: &'static str = "cache.redb";
    /// A commit costs several writes, and no reader waits for it.
    const CHUNK: usize = 1 << 16;
    const READS_ON: bool = false;

    type Value = Stored;

    fn open(path: &Path, tuning: &Tuning) -> Result<Self, Fault> {
        if !path.try_exists()? {
            create::whole(path)?;
        }
        let memory = usize::try_from(tuning.memory).unwrap_or(usize::MAX);
        let database = Database::builder().set_cache_size(memory).open(path);
        let database = database.map_err(redb::Error::from)?;
        let records = Self::latest(&database)?;
        Ok(Self {
            records: RwLock::new(records),
            database,
        })
    }

    #[inline]
    fn get(&self, id: &Id) -> Result<Option<Stored>, Fault> {
        let found = self.records().get_owned(id).map_err(redb::Error::from)?;
        Ok(found.map(Stored))
    }

    fn scan(&self, from: &Id, visit: &mut dyn FnMut(&Id, &[u8]) -> Scan) -> Result<(), Fault> {
        let records = self.records();
        let range = ReadableTable::range::<&Id>(&*records, from..).map_err(redb::Error::from)?;
        for entry in range {
            let (id, stored) = entry.map_err(redb::Error::from)?;
            if visit(id.value(), stored.value()) == Scan::Enough {
                break;
            }
        }
        Ok(())
    }

    fn totals(&self) -> Result<Vec<(KeyspaceId, Totals)>, Fault> {
        let reading = self.database.begin_read().map_err(redb::Error::from)?;
        let counted = reading.open_table(TOTALS).map_err(redb::Error::from)?;
        let mut found = Vec::new();
        for entry in counted.iter().map_err(redb::Error::from)? {
            let (keyspace, totals) = entry.map_err(redb::Error::from)?;
            let totals = Totals::from_bytes(totals.value());
            let totals =
                totals.ok_or_else(|| Fault::Damaged("records are not counted".to_owned()))?;
            found.push((KeyspaceId(u128::from_be_bytes(*keyspace.value())), totals));
        }
        Ok(found)
    }

    fn apply(&self, changes: &[Change], totals: &[(KeyspaceId, Totals)]) -> Result<(), Fault> {
        if changes.is_empty() && totals.is_empty() {
            return Ok(());
        }
        Self::commit(&self.database, changes, totals)?;
        let latest = Self::latest(&self.database)?;
        *self.records.write().unwrap_or_else(PoisonError::into_inner) = latest;
        Ok(())
    }

    /// Every commit is durable.
    fn flush(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl From<redb::Error> for Fault {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::Busy,
            redb::Error::Io(error) => match error.kind() {
                ErrorKind::InvalidData => Self::Damaged("it is no database of redb".to_owned()),
                ErrorKind::UnexpectedEof => Self::Damaged("it ends too early".to_owned()),
                _ => Self::Failed(error.to_string()),
            },
            redb::Error::Corrupted(what) => Self::Damaged(what),
            redb::Error::RepairAborted
            | redb::Error::UpgradeRequired(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableDoesNotExist(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableIsMultimap(_) => Self::Damaged(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
