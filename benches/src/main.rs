//! opero beside its peers, in one process: `opero-benches [--json] [--alone SUBJECT] [FILTER]`.
//!
//! Layers, caches and pools are built outside the timed stretches. `FILTER` is a part of a row's name. `--alone` leaves one
//! subject in each row, for a profiler; there is nothing to compare it with, so nothing is printed.
//!
//! The rows of `cost/` build generated programs with cargo, which takes minutes: they run only if
//! `FILTER` begins with `cost`.

mod cost;
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

use report::{NANOSECONDS, Row};

fn main() -> ExitCode {
    // Workers are this program, started again: what such a process is for is settled before anything else.
    opero::init();
    procspawn::init();
    if let Some(echoed) = peers::socket_pair::init() {
        return exit(echoed.map_err(Into::into));
    }
    let ran = Arguments::read().and_then(|arguments| run(&arguments));
    server::stop();
    scratch::clear();
    exit(ran)
}

fn exit(ran: Result<(), Box<dyn Error>>) -> ExitCode {
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
#[derive(Default)]
struct Arguments {
    json: bool,
    alone: Option<String>,
    filter: String,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error>> {
        const USAGE: &str = "usage: opero-benches [--json] [--alone SUBJECT] [FILTER]\n\
            FILTER is a part of the rows' names; rows of cost/ run only if it begins with cost";
        let mut read = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => read.json = true,
                "--alone" => read.alone = Some(arguments.next().ok_or(USAGE)?),
                flag if flag.starts_with('-') => {
                    return Err(format!("no option {flag}\n{USAGE}").into());
                }
                text => read.filter = text.to_owned(),
            }
        }
        Ok(read)
    }
}

/// Runs the rows of that filter. One that cannot be measured keeps none of the others from it; it is an error at the end.
fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    // Written rather than printed: who reads only the first lines gets an error, not a panic.
    let mut out = std::io::stdout();
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    if !arguments.json {
        writeln!(out, "{}", report::head())?;
    }
    for (name, measured) in measured(arguments) {
        let row = match measured {
            Ok(row) => row,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        if !arguments.json {
            for line in row.lines() {
                writeln!(out, "{line}")?;
            }
        }
        rows.push(row);
    }
    if arguments.json {
        writeln!(out, "{}", report::json(&rows))?;
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("could not be measured:\n{}", failures.join("\n")).into())
}

/// Each row's name and its figures, measured as they are asked for.
fn measured(
    arguments: &Arguments,
) -> impl Iterator<Item = (&'static str, Result<Row, Box<dyn Error>>)> {
    let timed = rows::all()
        .into_iter()
        .filter(|(name, _)| name.contains(&arguments.filter))
        .map(|entry| (entry.0, timed(entry, arguments.alone.as_deref())));
    let costs = cost::rows(&arguments.filter).map(|entry| (entry.0, cost::measure(entry)));
    timed.chain(costs)
}

fn timed((name, subjects): rows::Entry, alone: Option<&str>) -> Result<Row, Box<dyn Error>> {
    let mut subjects = subjects()?;
    subjects.retain(|subject| alone.is_none_or(|alone| subject.name() == alone));
    let missing = harness::take_missing(&mut subjects);
    let mut measured = harness::measure(&mut subjects)?.into_iter();
    Ok(Row {
        name,
        unit: NANOSECONDS,
        ours: measured.next(),
        peers: measured.collect(),
        missing,
    })
}
