//! The directories of the rows that need a disk, gone at the end of the run.

use std::io;
use std::path::PathBuf;

fn root() -> PathBuf {
    let name = format!("opero-benches-{}", std::process::id());
    std::env::temp_dir().join(name)
}

/// A directory of that name, for this run alone.
///
/// # Errors
/// The file system's.
pub(crate) fn directory(name: &str) -> io::Result<PathBuf> {
    let directory = root().join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// Where a store of that name lies, for the URL in an attribute.
pub(crate) fn place(name: &str) -> String {
    root().join(name).display().to_string()
}

/// Removes them all. A store that is still open keeps its files until the process ends.
pub(crate) fn clear() {
    // They may never have been made; and what is left behind lies where temporary files do.
    let _ = std::fs::remove_dir_all(root());
}
