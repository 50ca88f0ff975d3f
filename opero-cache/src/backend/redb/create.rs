//! Making a new database.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

use redb::Database;
use redb::backends::FileBackend;

use super::Redb;
use crate::backend::local::Fault;

/// Makes a database at `path`, whole or not at all: one that a kill left half-made could not be told from a damaged one.
/// Where another process is faster, its database stays.
pub(super) fn whole(path: &Path) -> Result<(), Fault> {
    let draft = path.with_extension(format!("redb.draft-{}", std::process::id()));
    // A killed process of this number may have left one.
    let _ = fs::remove_file(&draft);
    let made = make(&draft).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has links.
        Err(_) => Ok(fs::rename(&draft, path)?),
        Ok(()) => Ok(()),
    });
    let _ = fs::remove_file(&draft);
    made
}

fn make(path: &Path) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    options.create_new(true).read(true).write(true);
    // For this user alone.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // The file itself: by its name, a link that was put there meanwhile would be followed.
    let backend = FileBackend::new(file).map_err(redb::Error::from)?;
    let database = Database::builder().create_with_backend(backend);
    let database = database.map_err(redb::Error::from)?;
    Ok(Redb::commit(&database, &[], &[])?)
}
