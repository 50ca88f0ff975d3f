//! Whose runtime carries a call's input and output.

use std::io;
use std::sync::OnceLock;

use opero_core::driver::is_blocking;
use tokio::runtime::{Builder, Handle};

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
    static OWN: OnceLock<Handle> = OnceLock::new();
    if let Some(handle) = OWN.get() {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    // Of several that come at once, one keeps its runtime; those of the others are dropped unused.
    if OWN.set(handle.clone()).is_err() {
        return Ok(OWN.get().cloned().unwrap_or(handle));
    }
    std::thread::Builder::new()
        .name("opero-redis".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}
