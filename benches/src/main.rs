//! opero beside its peers, in one process: `opero-benches [--json] [FILTER]`.
//!
//! Layers, caches and pools are built outside the timed stretches. `FILTER` is a part of a row's name.

mod counting;
mod harness;
mod ours;
mod peers;
mod report;
mod rows;
mod workload;

use std::error::Error;
use std::io::Write;

use report::Row;

fn main() -> Result<(), Box<dyn Error>> {
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

    // Written rather than printed: who reads only the first lines gets an error, not a panic.
    let mut out = std::io::stdout();
    let mut rows = Vec::new();
    if !json {
        writeln!(out, "{}", report::head())?;
    }
    for (name, subjects) in rows::all() {
        if !name.contains(&filter) {
            continue;
        }
        let measured = harness::measure(&mut subjects()?);
        let row = Row { name, measured };
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
    Ok(())
}
