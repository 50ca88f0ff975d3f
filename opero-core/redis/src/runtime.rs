//! Whose runtime carries a call's input and output.

use std::io;
use std::sync::{Mutex, OnceLock};

use opero_core::driver::is_blocking;
use opero_core::sync::lock;
use tokio::runtime::{Builder, Handle, Runtime};

static OWN: Own = Own::new();

/// The caller's own runtime, where it goes on running while the caller waits: then no other thread has to be woken for a
/// call. Else opero's.
pub(crate) fn for_caller() -> io::Result<Handle> {
    if !is_blocking()
        && let Ok(handle) = Handle::try_current()
    {
        return Ok(handle);
    }
    own()
}

/// opero's own: one thread, started at its first use, that runs as long as the process. Its time is always real.
pub(crate) fn own() -> io::Result<Handle> {
    OWN.get(on_a_thread)
}

/// Returns `true` if it is opero's own.
pub(crate) fn is_own(runtime: &Handle) -> bool {
    OWN.handle.get().is_some_and(|own| own.id() == runtime.id())
}

struct Own {
    handle: OnceLock<Handle>,
    starting: Mutex<()>,
}

impl Own {
    const fn new() -> Self {
        Self {
            handle: OnceLock::new(),
            starting: Mutex::new(()),
        }
    }

    /// The runtime, once a thread runs it: where that failed, the next caller tries again.
    fn get(&self, run: impl FnOnce(Runtime) -> io::Result<()>) -> io::Result<Handle> {
        if let Some(handle) = self.handle.get() {
            return Ok(handle.clone());
        }
        let _one_at_a_time = lock(&self.starting);
        if let Some(handle) = self.handle.get() {
            return Ok(handle.clone());
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        run(runtime)?;
        Ok(self.handle.get_or_init(|| handle).clone())
    }
}

fn on_a_thread(runtime: Runtime) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("opero-redis".to_owned());
    let run = move || runtime.block_on(std::future::pending::<()>());
    thread.spawn(run).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_could_not_be_started_is_tried_again() {
        let own = Own::new();
        let reject = |_| Err(io::Error::from(io::ErrorKind::WouldBlock));
        assert!(own.get(reject).is_err());
        let handle = own.get(on_a_thread).unwrap();
        let answer = opero_core::block_on(handle.spawn(async { 7 }));
        assert_eq!(answer.unwrap(), 7);
        assert_eq!(own.get(reject).unwrap().id(), handle.id());
    }
}
