//! `#[opero::main]` on a plain `main`, which gets its arguments unchanged.

use std::process::{self, Command, ExitCode};

use opero::operomap;

#[operomap(mode = "process", workers = 1, cache = false, progress = false)]
fn in_worker(n: u32) -> (u32, u32) {
    (n + 1, process::id())
}

#[opero::main]
fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if arguments != ["run", "--flag", "a b"] {
        return again();
    }
    let results = in_worker([1, 2]).run();
    let right = results
        .iter()
        .zip([2, 3])
        .all(|(result, expected)| match result {
            Ok((value, pid)) => *value == expected && *pid != process::id(),
            Err(error) => {
                eprintln!("{error}");
                false
            }
        });
    match right {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// This program once more, with arguments.
fn again() -> ExitCode {
    let path = std::env::current_exe();
    let status = path.and_then(|path| Command::new(path).args(["run", "--flag", "a b"]).status());
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        other => {
            eprintln!("{other:?}");
            ExitCode::FAILURE
        }
    }
}
