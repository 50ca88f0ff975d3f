//! Runs that are recorded, and go on where an earlier one ended.

use std::path::PathBuf;

use super::Run;

impl<S, J> Run<S, J> {
    /// Records each finished item in a journal at this path, and runs only what has no record there yet (feature `journal`).
    ///
    /// Results of earlier runs come back in order with the new ones, from the file. A kill loses nothing that was reported;
    /// what else is promised is told with the module `journal`. The journal is begun where there is none, and belongs to this
    /// function and [`resume_version`](Run::resume_version) alone; [`check`](Run::check) tells beforehand if it cannot be had.
    ///
    /// It needs a job whose items and results become bytes: `#[operomap]` makes one, and so does `Run::recorded`.
    pub fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        self.config.resume = Some(path.into());
        self
    }

    /// Run items again whose record is a failure (the default); otherwise the recorded error is their result.
    pub fn resume_failed(mut self, again: bool) -> Self {
        self.config.resume_failed = again;
        self
    }

    /// What the journal knows the function by, in place of its path and the names of its types. So the function may be renamed
    /// and moved, and built by another compiler, and finds its records again. The name has to be this function's alone.
    pub fn resume_name(mut self, name: impl Into<String>) -> Self {
        self.config.resume_name = Some(name.into());
        self
    }

    /// The version of the function, as you count (`1`, `"2026-03"`). Records of another one are refused: change it where the
    /// function's results do, or what an item's type looks like.
    pub fn resume_version(mut self, version: impl ToString) -> Self {
        self.config.resume_version = version.to_string();
        self
    }
}
