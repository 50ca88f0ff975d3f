//! Journals of runs: each finished item is recorded, and a run that is begun again does only what
//! is missing.
//!
//! A run has one where its user names a path: [`Run::resume`](crate::Run::resume), or the parameter
//! `resume`.
//!
//! # What is promised
//!
//! - **A kill loses nothing that was reported.** An item is written to its journal before its
//!   result is handed out, in one write to the operating system. A power cut may take what the
//!   system had not yet put on the disk: at most the last 500 ms, and what two `fdatasync`s take.
//! - **Nothing is mixed up.** A journal belongs to one function, one `resume_version` and one type
//!   of results; with another one a run is rejected and the file is left alone. That goes by the
//!   names of function and types, or in their place by a [`resume_name`](crate::Run::resume_name),
//!   and by what the results look like to serde: names, order and kinds of their fields and
//!   variants. Within it an item is known by its content, and the arguments that all items share
//!   belong to that: a changed item is another one, and runs. Equal items are told apart by their
//!   order.
//! - **What opero cannot see is the user's to tell**, with another
//!   [`resume_version`](crate::Run::resume_version): that the function's results mean something
//!   else now; that the fields of an item's type changed places, since its bytes bear no names; and
//!   what changed in a type behind a field that is read from a text or checks what it reads.
//! - **Nothing is overwritten.** A file that is no journal is rejected. Where a journal is damaged,
//!   a copy is put aside as `….damaged-1` first, and every record before, between and behind the
//!   damage still counts. What says whose journal it is is there twice.
//! - **One run at a time.** The file is locked while a run has it open: until all items that it
//!   began have ended, where it was dropped. The next run of the same program waits for that, up to
//!   five seconds; who else has the journal is named in the error, which
//!   [`Run::check`](crate::Run::check) gives as well.
//! - **It does not grow for ever.** An item that fails and is tried again leaves a record with each
//!   run. Where more than 4096 records, and more than half, were replaced by later ones, the next
//!   run writes the file anew without them, beside the old one, and puts it in its place in one
//!   step. (A kill may leave a `….compacting`, which means nothing.)
//! - Records of items that are not in the input stay, and are counted as
//!   [`Report::stale`](crate::Report::stale).
//! - Where an item cannot be written, as on a full disk, the run goes on and keeps its result.
//!   [`Event::JournalUnavailable`](crate::Event::JournalUnavailable) says so at each such item, and
//!   [`Report::unrecorded`](crate::Report::unrecorded) and
//!   [`Report::journal_error`](crate::Report::journal_error) at the end.
//!
//! The end of a run waits for the disk once, in async code, too, for a few milliseconds. In memory
//! are some 50 to 100 bytes for each record and each different item, never the results. The file is
//! for its user alone (0600); items are in it as hashes, results and errors as they are.
//!
//! # The file
//!
//! A header (`header.rs`), there twice, says which function's it is; behind it come frames
//! (`frame.rs`), one for each finished item, each with checksums of its own. The last one of an
//! item counts. Zeros between frames mean nothing. All records have one salt in their checksums,
//! which is in the header.

mod compact;
mod entry;
mod error;
mod files;
mod frame;
mod header;
mod index;
mod locks;
mod log;
mod open;
mod reader;
mod repair;
mod scan;
#[cfg(test)]
mod tests;
mod writer;

pub use entry::{Entry, State};
pub use error::JournalError;
pub(crate) use frame::RecordMetadata;
pub(crate) use header::Owner;
pub(crate) use index::RecordLocation;
pub(crate) use log::Log;
pub(crate) use open::inspect;
pub use reader::{Entries, Journal};
