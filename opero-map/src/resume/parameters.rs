//! The parameters of runs that resume.

use std::path::PathBuf;

use crate::run::Run;

impl<S, J> Run<S, J> {
    /// Records each finished item in a journal at this path, and runs only items without a record
    /// (feature `journal`).
    ///
    /// Results of earlier runs come from the file, in order with the new ones. A kill loses no
    /// reported result; the module [`journal`](crate::journal) lists all guarantees. The journal is
    /// created where it is missing, and belongs to this function and
    /// [`resume_version`](Run::resume_version); [`check`](Run::check) reports beforehand if the run
    /// cannot have it.
    ///
    /// The job's items and results must be encodable: `#[operomap]` and `Run::resumable` provide
    /// that.
    pub fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        self.config.resume = Some(path.into());
        self
    }

    /// Runs items again whose record is a failure (the default); with `false` the recorded error is
    /// their result.
    pub fn resume_failed(mut self, again: bool) -> Self {
        self.config.resume_failed = again;
        self
    }

    /// Sets the name of the function in the journal, in place of its path and the names of its
    /// types.
    ///
    /// A function that is renamed, moved or built by another compiler then finds its records. The
    /// name must be this function's alone.
    pub fn resume_name(mut self, name: impl Into<String>) -> Self {
        self.config.resume_name = Some(name.into());
        self
    }

    /// Sets the version of the function (`1`, `"2026-03"`). Records of another version are
    /// rejected: change it when the function's results change, or the type of its items.
    pub fn resume_version(mut self, version: impl ToString) -> Self {
        self.config.resume_version = version.to_string();
        self
    }
}
