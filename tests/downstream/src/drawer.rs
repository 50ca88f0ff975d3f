//! A store of our own: `drawer` keeps each result in a file, which outlives the process.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, process};

use opero::cache::{register_store, ByteStore, CacheOptions, Spot};
use opero::extend::{async_trait, Backend, BackendError, Key, KeySpace};

/// The files of one function, in a directory of its own within that of its namespace.
#[derive(Debug)]
pub struct Drawer {
    namespace: PathBuf,
    function: PathBuf,
}

register_store!("drawer", |location, options| {
    let directory = match location.rest() {
        "" => std::env::temp_dir().join("drawer"),
        path => PathBuf::from(path),
    };
    Ok(Arc::new(Drawer::new(&directory, options)))
});

impl Drawer {
    /// The drawer of the function that the options name, in `directory`.
    #[must_use]
    pub fn new(directory: &Path, options: &CacheOptions) -> Self {
        let namespace = directory.join(name(&options.namespace));
        let function = namespace.join(name(&options.function));
        Self {
            namespace,
            function,
        }
    }

    fn file(&self, key: &Key) -> PathBuf {
        self.function.join(format!("{:032x}", key.as_u128()))
    }
}

impl Backend for Drawer {
    fn scheme(&self) -> &'static str {
        "drawer"
    }
}

#[async_trait]
impl ByteStore for Drawer {
    fn read(&self, key: &Key, visit: &mut dyn FnMut(&[u8])) -> Result<Spot, BackendError> {
        match there(fs::read(self.file(key)))? {
            Some(record) => {
                visit(&record);
                Ok(Spot::Found)
            }
            None => Ok(Spot::Missing),
        }
    }

    async fn put(
        &self,
        key: &Key,
        record: Vec<u8>,
        _: Option<Duration>,
    ) -> Result<(), BackendError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Written aside and moved, so that no reader sees half of it.
        let number = NEXT.fetch_add(1, Relaxed);
        let aside = self
            .function
            .join(format!("{}-{number}.new", process::id()));
        fs::create_dir_all(&self.function).map_err(failed)?;
        fs::write(&aside, record).map_err(failed)?;
        fs::rename(&aside, self.file(key)).map_err(failed)
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        there(fs::remove_file(self.file(key))).map(drop)
    }

    async fn clear(&self) -> Result<(), BackendError> {
        there(fs::remove_dir_all(&self.function)).map(drop)
    }

    async fn clear_namespace(&self) -> Result<(), BackendError> {
        there(fs::remove_dir_all(&self.namespace)).map(drop)
    }
}

/// A file's name for any text.
fn name(text: &str) -> String {
    let key = KeySpace::new(&["drawer"]).key(text.as_bytes());
    format!("{:032x}", key.as_u128())
}

/// What is not there is no error.
fn there<T>(result: io::Result<T>) -> Result<Option<T>, BackendError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: io::Error) -> BackendError {
    BackendError::new("the drawer does not open").with_source(error)
}
