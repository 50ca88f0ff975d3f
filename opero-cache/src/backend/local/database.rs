//! An open database, shared by all functions of the process that name its directory.

use std::any::Any;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::thread;

use opero_core::BackendError;
use opero_core::sync::lock;

use super::config::LocalConfig;
use super::directory;
use super::engine::Engine;
use super::mailbox::Timeout;
use super::shared::Shared;
use super::worker::Worker;

/// The open databases of the process, by the path of the engine's file or directory.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Weak<dyn Any + Send + Sync>>>> =
    LazyLock::new(Mutex::default);

/// What the users hold: with the last of them, the worker ends.
#[derive(Debug)]
pub(crate) struct Database<E: Engine>(Arc<Shared<E>>);

impl<E: Engine> Database<E> {
    /// Returns the database in a directory, which is created if need be; nothing is opened yet.
    pub(super) fn at(config: &LocalConfig) -> Result<Arc<Self>, BackendError> {
        let named = config.directory()?;
        let unusable = |error: std::io::Error| {
            let path = named.display();
            BackendError::new(format!("{path} cannot be used as a directory: {error}"))
        };
        directory::create_private(named).map_err(unusable)?;
        let shared = Shared::new(&named.canonicalize().map_err(unusable)?, config);
        let mut open = lock(&OPEN);
        open.retain(|_, known| known.strong_count() > 0);
        let known = open.get(&shared.base).and_then(Weak::upgrade);
        if let Some(Ok(known)) = known.map(Arc::downcast::<Self>) {
            let max_bytes = &known.0.max_bytes;
            max_bytes.fetch_min(config.max_bytes, Ordering::Relaxed);
            return Ok(known);
        }
        let base = shared.base.clone();
        let new = Arc::new(Self::start(shared).map_err(unusable)?);
        let weak = Arc::downgrade(&new);
        open.insert(base, weak);
        Ok(new)
    }

    fn start(shared: Shared<E>) -> std::io::Result<Self> {
        let shared = Arc::new(shared);
        let worker = Worker::new(Arc::clone(&shared));
        thread::Builder::new()
            .name(format!("opero {}", E::SCHEME))
            .spawn(move || worker.run())?;
        Ok(Self(shared))
    }

    pub(super) fn shared(&self) -> &Shared<E> {
        &self.0
    }
}

impl<E: Engine> Drop for Database<E> {
    fn drop(&mut self) {
        self.0.mailbox.tell(|state| state.stop = true);
        self.0.mailbox.wait_for_stop(Timeout::Close.limit());
    }
}
