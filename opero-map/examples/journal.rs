//! Prints what a run has recorded: which items are done, how often each was tried, when, how long
//! it took, and what failed. It shows no argument and no value, and may be used while the run goes
//! on.
//!
//! ```sh
//! cargo run -p opero-map --features journal --example journal -- FILE
//! ```

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use opero_map::journal::{Entry, Journal, JournalError};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: journal FILE");
        return ExitCode::from(2);
    };
    match print(path.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader had enough, such as `head`.
        Err(JournalError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{} {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

fn print(path: &Path) -> Result<(), JournalError> {
    let journal = Journal::open(path)?;
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "{journal}\n\n{}", Entry::COLUMNS)?;
    for entry in journal.entries() {
        writeln!(out, "{}", entry?)?;
    }
    out.flush()?;
    Ok(())
}
