//! `#[opero::main]` on an async `main`: a program of its own, whose workers are itself started afresh.

use std::error::Error;
use std::process;

use opero::operomap;

#[operomap(mode = "process", workers = 2, cache = false, progress = false)]
async fn in_worker(n: u32) -> Result<(u32, u32), String> {
    tokio::task::yield_now().await;
    Ok((n + 1, process::id()))
}

#[opero::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    // What the test harness would ask of a test binary.
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(());
    }
    let handle = tokio::spawn(async { 1_u32 });
    let first = handle.await?;
    let results = in_worker([first, 2]).try_join().await;
    let results = results.map_err(|error| error.to_string())?;
    let values: Vec<_> = results.iter().map(|(value, _)| *value).collect();
    if values != [2, 3] || results.iter().any(|(_, pid)| *pid == process::id()) {
        return Err(format!("not as it should be: {results:?}").into());
    }
    Ok(())
}
