//! opero beside its peers, in one process: `opero-benches [--json] [FILTER]`.
//!
//! Layers, caches and pools are built outside the timed stretches. `FILTER` is a part of a row's name.

mod counting;
mod harness;
mod ours;
mod peers;
mod report;
mod rows;
mod scratch;
mod server;
mod workload;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use report::Row;

fn main() -> ExitCode {
    let ran = arguments().and_then(|(json, filter)| run(json, &filter));
    server::stop();
    scratch::clear();
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Is the table wanted as JSON, and which rows?
fn arguments() -> Result<(bool, String), Box<dyn Error>> {
    let mut json = false;
    let mut filter = String::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            flag if flag.starts_with('-') => {
                return Err(
                    format!("no option {flag}\nusage: opero-benches [--json] [FILTER]").into(),
                );
            }
            text => filter = text.to_owned(),
        }
    }
    Ok((json, filter))
}

/// Runs the rows of that filter. One that cannot be measured keeps none of the others from it; it is an error at the end.
fn run(json: bool, filter: &str) -> Result<(), Box<dyn Error>> {
    // Written rather than printed: who reads only the first lines gets an error, not a panic.
    let mut out = std::io::stdout();
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    if !json {
        writeln!(out, "{}", report::head())?;
    }
    for (name, subjects) in rows::all() {
        if !name.contains(filter) {
            continue;
        }
        let measured = subjects().and_then(|mut subjects| Ok(harness::measure(&mut subjects)?));
        let row = match measured {
            Ok(measured) => Row { name, measured },
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        if !json {
            for line in row.lines() {
                writeln!(out, "{line}")?;
            }
        }
        rows.push(row);
    }
    if json {
        writeln!(out, "{}", report::json(&rows))?;
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("could not be measured:\n{}", failures.join("\n")).into())
}
