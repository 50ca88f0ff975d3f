//! Opening a journal for a run: whose it is, and who else has it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use opero_core::ConfigError;

use super::JournalError;
use super::compact::compact;
use super::header::{Header, Owner};
use super::holders::{Held, Hold, hold, look};
use super::index::Index;
use super::repair::{Survey, survey};

/// A journal that this run alone has, with nothing damaged in it.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) hold: Hold,
    pub(super) salt: u64,
    pub(super) index: Index,
    /// Where the next frame goes.
    pub(super) end: u64,
}

/// Opens the journal at `path`, or begins one.
pub(super) fn open(path: &Path, owner: &Owner) -> Result<Opened, ConfigError> {
    if !owner.fits() {
        return Err(ConfigError::new(
            "resume_version",
            "or the function's name is longer than 64 KiB",
            "give a shorter one",
        ));
    }
    let (file, hold) = take(path)?;
    let begun = begin(&file, path, owner).map_err(|error| failed(path, "written", &error))?;
    let header = match begun {
        Some(header) => header,
        None => inspect_file(&file, path, owner)?,
    };
    let read = |file: &File| -> io::Result<(Survey, Index)> {
        let mut index = Index::new(&owner.function, &owner.version);
        Ok((survey(file, &header, &mut index)?, index))
    };
    let found = read(&file).map_err(|error| failed(path, "read", &error))?;
    let repaired = found.0.repair(&file, path, &header);
    repaired.map_err(|error| failed(path, "repaired", &error))?;
    let mut opened = Opened {
        file,
        hold,
        salt: header.salt,
        index: found.1,
        end: found.0.end,
    };
    // It is a matter of space only: where it does not succeed, the journal is as good as before.
    if let Ok(Some((file, hold))) = compact(path, &opened, &header) {
        let (found, index) = read(&file).map_err(|error| failed(path, "read", &error))?;
        // The old file first: it is nobody's journal any more.
        opened.file = file;
        (opened.hold, opened.index, opened.end) = (hold, index, found.end);
    }
    Ok(opened)
}

/// The file at `path`, made where there is none, and locked for this run.
fn take(path: &Path) -> Result<(File, Hold), ConfigError> {
    loop {
        let file = open_file(path).map_err(|error| failed(path, "opened", &error))?;
        let hold = hold(&file).map_err(|held| refused(path, held))?;
        // Who had it until now may have put another file in its place.
        if is_at(&file, path) {
            return Ok((file, hold));
        }
    }
}

/// Could a run have what is at `path`, if anything, and is it a journal of this owner's? Changes nothing.
pub(crate) fn inspect(path: &Path, owner: &Owner) -> Result<(), ConfigError> {
    let cannot = |error| failed(path, "opened", &error);
    loop {
        match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return find_room(path).map_err(cannot);
            }
            Err(error) => return Err(cannot(error)),
            // Opening a pipe would wait for somebody at its other end.
            Ok(found) if !found.is_file() => return Err(cannot(no_file())),
            Ok(_) => {}
        }
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(cannot)?;
        look(&file).map_err(|held| refused(path, held))?;
        if !is_at(&file, path) {
            continue;
        }
        return match file.metadata() {
            Ok(found) if found.len() == 0 => Ok(()),
            _ => inspect_file(&file, path, owner).map(drop),
        };
    }
}

/// Is there a directory to make it in?
fn find_room(path: &Path) -> io::Result<()> {
    let above = path.ancestors().skip(1);
    let there = above
        .map(|above| match above.as_os_str().is_empty() {
            true => Path::new("."),
            false => above,
        })
        .find(|above| above.exists());
    match there {
        Some(above) if !above.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
        _ => Ok(()),
    }
}

/// Is this the file that the path leads to?
fn is_at(file: &File, path: &Path) -> bool {
    let id = |found: std::fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(this), Ok(there)) => id(this) == id(there),
        _ => false,
    }
}

fn inspect_file(file: &File, path: &Path, owner: &Owner) -> Result<Header, ConfigError> {
    const OTHER: &str = "give another path, or move the file away to begin anew";
    let header = Header::read(file).map_err(|error| match error {
        JournalError::Foreign => wrong(path, "which is no journal", "give another path"),
        JournalError::Damaged => wrong(
            path,
            "which is a journal whose beginning is damaged, in both of its copies",
            "give another path, and keep the file: the records are still in it",
        ),
        error => wrong(path, &format!("which {error}"), "give another path"),
    })?;
    let found = &header.owner;
    let problem = if found.function != owner.function {
        format!(
            "which is the journal of the function `{}`, and this one is `{}`",
            found.function, owner.function
        )
    } else if found.version != owner.version {
        format!(
            "which was recorded with the `resume_version` \"{}\", and this is \"{}\"",
            found.version, owner.version
        )
    } else if found.types.is_empty() != owner.types.is_empty() {
        let (was, is) = match found.types.is_empty() {
            true => ("with", "without"),
            false => ("without", "with"),
        };
        format!("which was begun {was} a `resume_name`, and this run is {is} one")
    } else if found.types != owner.types {
        format!(
            "whose results are {}, and those of this function are {}",
            found.types, owner.types
        )
    } else if ![found.shape, owner.shape].contains(&0) && found.shape != owner.shape {
        "whose results look otherwise than those of this function: fields or variants of a type have changed, so \
         that the recorded ones would be read as something else"
            .into()
    } else {
        return Ok(header);
    };
    Err(wrong(path, &problem, OTHER))
}

fn wrong(path: &Path, problem: &str, way_out: &str) -> ConfigError {
    ConfigError::new(
        "resume",
        format!("is `{}`, {problem}", path.display()),
        way_out,
    )
}

fn failed(path: &Path, doing: &str, error: &io::Error) -> ConfigError {
    wrong(
        path,
        &format!("which cannot be {doing} ({error})"),
        "give a path to a file that may be created and written there",
    )
}

fn refused(path: &Path, held: Held) -> ConfigError {
    match held {
        Held::By(who) => wrong(
            path,
            &format!("which is in use: {who}"),
            "wait for that run, or give another path",
        ),
        Held::Io(error) => failed(path, "locked", &error),
    }
}

fn no_file() -> io::Error {
    io::Error::other("it is no file")
}

fn open_file(path: &Path) -> io::Result<File> {
    create_parents(path)?;
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(no_file());
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

/// Makes a file of opero's own beside a journal, for this user alone.
///
/// # Errors
/// `AlreadyExists` where there is something of that name, a link too: nothing is written to where such a link leads.
pub(super) fn create_beside(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options.mode(0o600).open(path)
}

/// Gives an empty file its header. `None`: it is not empty.
fn begin(file: &File, path: &Path, owner: &Owner) -> io::Result<Option<Header>> {
    if file.metadata()?.len() > 0 {
        return Ok(None);
    }
    let header = Header::new(owner);
    if let Err(error) = file.write_all_at(&header.bytes(), 0) {
        let _ = file.set_len(0);
        return Err(error);
    }
    file.sync_data()?;
    sync_place(path)?;
    Ok(Some(header))
}

/// Creates the directories above a file, for this user alone. One that is there is left as it is, its mode too: the file is
/// closed to others by itself.
fn create_parents(path: &Path) -> io::Result<()> {
    let Some(parent) = parent(path) else {
        return Ok(());
    };
    let missing = |directory: &&Path| !directory.as_os_str().is_empty() && !directory.exists();
    let missing: Vec<_> = parent.ancestors().take_while(missing).collect();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)?;
    missing.into_iter().try_for_each(sync_place)
}

/// A power cut leaves it where it is.
fn sync_place(path: &Path) -> io::Result<()> {
    place(path)?.sync_all()
}

/// The directory that it is in.
pub(super) fn place(path: &Path) -> io::Result<File> {
    File::open(parent(path).unwrap_or(Path::new(".")))
}

fn parent(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
}
