//! The store of one function.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use opero_core::{Backend, BackendError, BackendUri, ConfigError, Key};

use super::age::{AGE, age};
use super::config::LocalConfig;
use super::database::Database;
use super::engine::{Engine, guarded};
use super::id::{KeyspaceId, id};
use super::keyspace::Keyspace;
use super::memtable::MemtableGet;
use super::wal::{Frame, Kind};
use crate::backend::{ByteStore, Spot};
use crate::config::CacheOptions;

/// Records on a local disk, of one function.
pub(crate) struct LocalStore<E: Engine> {
    config: LocalConfig,
    keyspace: KeyspaceId,
    capacity: u64,
    /// Nothing on the disk is touched before the first use.
    opened: OnceLock<Opened<E>>,
}

struct Opened<E: Engine> {
    database: Arc<Database<E>>,
    keyspace: Arc<Keyspace>,
}

impl<E: Engine> LocalStore<E> {
    pub(crate) fn new(uri: &BackendUri, options: &CacheOptions) -> Result<Self, ConfigError> {
        Ok(Self {
            config: LocalConfig::new(uri)?,
            keyspace: KeyspaceId::new(&options.namespace, &options.function),
            capacity: options.capacity,
            opened: OnceLock::new(),
        })
    }

    fn opened(&self) -> Result<&Opened<E>, BackendError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let database = Database::at(&self.config)?;
        let keyspace = database.shared().keyspace(self.keyspace);
        keyspace.capacity.store(self.capacity, Ordering::Relaxed);
        Ok(self.opened.get_or_init(|| Opened { database, keyspace }))
    }

    /// The store, open.
    async fn ready(&self) -> Result<&Opened<E>, BackendError> {
        let opened = self.opened()?;
        opened.database.shared().ready().await?;
        Ok(opened)
    }

    /// Removes a record, or all of them.
    async fn change(
        &self,
        opened: &Opened<E>,
        keyspace: &Keyspace,
        kind: Kind,
        key: &Key,
    ) -> Result<(), BackendError> {
        let shared = opened.database.shared();
        shared.room(kind).await?;
        let frame = Frame::new(kind, &id(keyspace.id, *key), 0, &[]);
        let frame = frame.ok_or_else(|| shared.error("the record is too long"))?;
        let note = || {
            keyspace.memtable(&shared.held, |memtable| match kind {
                Kind::Clear => Some(memtable.clear()),
                Kind::Put | Kind::Remove => {
                    memtable.insert(*key, None);
                    None
                }
            })
        };
        shared.append(&frame, note).map(drop)
    }
}

#[async_trait]
impl<E: Engine> Backend for LocalStore<E> {
    fn scheme(&self) -> &str {
        E::SCHEME
    }

    async fn ping(&self) -> Result<(), BackendError> {
        self.ready().await.map(|_| ())
    }

    /// Writes out what is pending and closes the database, for all functions of the process. The next call opens it
    /// again.
    async fn close(&self) -> Result<(), BackendError> {
        match self.opened.get() {
            Some(opened) => opened.database.shared().flush(true).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl<E: Engine> ByteStore for LocalStore<E> {
    fn read(&self, key: &Key, visit: &mut dyn FnMut(&[u8])) -> Result<Spot, BackendError> {
        let Some(opened) = self.opened.get() else {
            return Ok(Spot::NeedsAsync);
        };
        match opened.keyspace.get(key) {
            MemtableGet::Put(frame) => {
                visit(frame.record());
                return Ok(Spot::Found);
            }
            MemtableGet::Removed => return Ok(Spot::Missing),
            MemtableGet::Unknown => {}
        }
        let shared = opened.database.shared();
        let stored = {
            let engine = shared.engine();
            let Some(engine) = engine.as_ref() else {
                return Ok(Spot::NeedsAsync);
            };
            guarded(|| engine.get(&id(self.keyspace, *key)))
        };
        // Shown without the lock and outside of the guard: it may be decoded by code of the user's, which may read this
        // store itself, and whose panic says nothing about the engine.
        match stored {
            Ok(Some(stored)) => {
                visit(stored.as_ref().get(AGE..).unwrap_or_default());
                Ok(Spot::Found)
            }
            Ok(None) => Ok(Spot::Missing),
            Err(fault) => Err(shared.report(&fault)),
        }
    }

    /// Every wait here is one for the worker, which is given up by itself.
    fn bounds_itself(&self) -> bool {
        true
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, BackendError> {
        self.ready().await?;
        let mut record = None;
        self.read(key, &mut |bytes| record = Some(bytes.to_vec()))?;
        Ok(record)
    }

    async fn put(
        &self,
        key: &Key,
        record: Vec<u8>,
        keep: Option<Duration>,
    ) -> Result<(), BackendError> {
        let opened = self.ready().await?;
        let shared = opened.database.shared();
        shared.room(Kind::Put).await?;
        let frame = Frame::new(Kind::Put, &id(self.keyspace, *key), age(keep), &record);
        let frame = Arc::new(frame.ok_or_else(|| shared.error("the record is too long"))?);
        let keyspace = &opened.keyspace;
        shared.append(&frame, || {
            let change = Some(Arc::clone(&frame));
            keyspace.memtable(&shared.held, |memtable| memtable.insert(*key, change));
        })
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        let opened = self.ready().await?;
        self.change(opened, &opened.keyspace, Kind::Remove, key)
            .await
    }

    async fn clear(&self) -> Result<(), BackendError> {
        let opened = self.ready().await?;
        self.change(opened, &opened.keyspace, Kind::Clear, &Key::stable(0))
            .await
    }

    async fn clear_namespace(&self) -> Result<(), BackendError> {
        let opened = self.ready().await?;
        for keyspace in opened.database.shared().namespace_of(self.keyspace) {
            self.change(opened, &keyspace, Kind::Clear, &Key::stable(0))
                .await?;
        }
        Ok(())
    }

    fn entries(&self) -> u64 {
        self.opened
            .get()
            .map_or(0, |opened| opened.keyspace.entries())
    }

    fn evictions(&self) -> u64 {
        self.opened.get().map_or(0, |opened| {
            opened.keyspace.evictions.load(Ordering::Relaxed)
        })
    }
}

impl<E: Engine> fmt::Debug for LocalStore<E> {
    /// Without keys and records.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(E::SCHEME)
            .field("directory", &self.config.directory().ok())
            .finish_non_exhaustive()
    }
}
