//! A program that forgot the line hears of it at once, and starts no process.

use std::process::ExitCode;

use opero::operomap;

#[operomap(mode = "process", workers = 1, cache = false, progress = false)]
fn in_worker(n: u32) -> u32 {
    n
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    match in_worker([1]).try_run() {
        Err(error) if error.to_string().contains("opero::init()") => ExitCode::SUCCESS,
        other => {
            eprintln!("{other:?}");
            ExitCode::FAILURE
        }
    }
}
