//! sled as a user would hold it, with its defaults. The first argument is the key as it is, so nothing is spent on making one.

use std::path::Path;

use sled::Db;

use crate::workload::{Args, Trouble, profile};

pub(crate) struct Sled(Db);

impl Sled {
    pub(crate) fn open(directory: &Path) -> sled::Result<Self> {
        sled::open(directory).map(Self)
    }

    pub(crate) fn put(&self, (name, length): &Args) -> Result<String, Trouble> {
        let value = profile(name, *length);
        self.0.insert(name, postcard::to_allocvec(&value)?)?;
        Ok(value)
    }

    /// On the disk when it is done.
    pub(crate) fn put_flushed(&self, args: &Args) -> Result<String, Trouble> {
        let value = self.put(args)?;
        self.0.flush()?;
        Ok(value)
    }

    pub(crate) fn get(&self, (name, _): &Args) -> Result<String, Trouble> {
        let bytes = self.0.get(name)?.ok_or_else(|| Trouble::new("a miss"))?;
        Ok(postcard::from_bytes(&bytes)?)
    }
}
