use std::{fmt, io};

use super::frame::FORMAT;

/// A file could not be read as a journal.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// It is no journal.
    Foreign,
    /// It is of a format that this version of opero does not know.
    Format {
        /// The format's number.
        found: u32,
    },
    /// Its beginning is damaged or cut short, so its owner is unknown.
    Damaged,
    /// The file itself could not be read.
    Io(io::Error),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("is no journal"),
            Self::Format { found } => write!(
                f,
                "is a journal of format {found}, and this version of opero knows format {}",
                FORMAT
            ),
            Self::Damaged => f.write_str("is a journal whose beginning is damaged"),
            Self::Io(error) => write!(f, "cannot be read ({error})"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
