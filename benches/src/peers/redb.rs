//! redb as a user would hold it: a transaction for each read and each write. The first argument is the key as it is, so
//! nothing is spent on making one.

use std::path::Path;

use redb::{Database, DatabaseError, Durability, ReadableDatabase, TableDefinition};

use crate::workload::{Args, Trouble, profile};

const PROFILES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("profiles");

pub(crate) struct Redb(Database);

impl Redb {
    pub(crate) fn create(file: &Path) -> Result<Self, DatabaseError> {
        Database::create(file).map(Self)
    }

    pub(crate) fn put(
        &self,
        (name, length): &Args,
        durability: Durability,
    ) -> Result<String, Trouble> {
        let value = profile(name, *length);
        let bytes = postcard::to_allocvec(&value)?;
        let mut write = self.0.begin_write()?;
        write.set_durability(durability)?;
        write
            .open_table(PROFILES)?
            .insert(&**name, &*bytes)
            .map(drop)?;
        write.commit()?;
        Ok(value)
    }

    pub(crate) fn get(&self, (name, _): &Args) -> Result<String, Trouble> {
        let read = self.0.begin_read()?;
        let bytes = read.open_table(PROFILES)?.get(&**name)?;
        let bytes = bytes.ok_or_else(|| Trouble::new("a miss"))?;
        Ok(postcard::from_bytes(bytes.value())?)
    }
}
