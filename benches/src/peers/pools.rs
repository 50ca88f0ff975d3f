//! Python's process pools, in a `python3` that stands already and tells the time of each run: `pools.py` beside this crate's
//! manifest.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::harness::{Stopwatch, Subject};
use crate::workload::Trouble;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pools.py");

/// So many items on that pool, missing where `python3` or the pool's package is not installed.
pub(crate) fn subject(name: &'static str, pool: &'static str, items: u64) -> Subject {
    match Python::start(pool, items) {
        Ok(mut python) => Subject::timed(name, items, move |watch: &mut Stopwatch| {
            watch.add(python.run()?);
            Ok::<_, Trouble>(())
        }),
        Err(why) => Subject::missing(name, why),
    }
}

struct Python {
    process: Child,
    /// Gone before the process is waited for.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    fn start(pool: &str, items: u64) -> Result<Self, Trouble> {
        let mut process = Command::new("python3")
            .args([SCRIPT, pool, &items.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Trouble::new(&format!("python3: {error}")))?;
        let (Some(requests), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(Trouble::new("python3 has no standard input or output"));
        };
        let mut python = Self {
            process,
            requests: Some(requests),
            answers: BufReader::new(answers),
        };
        match python.answer()?.as_str() {
            "ready" => Ok(python),
            why => Err(Trouble::new(why)),
        }
    }

    /// What the next run took.
    fn run(&mut self) -> Result<Duration, Trouble> {
        if let Some(requests) = &mut self.requests {
            requests.write_all(b"\n")?;
        }
        Ok(Duration::from_nanos(self.answer()?.parse()?))
    }

    fn answer(&mut self) -> Result<String, Trouble> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(Trouble::new("python3 ended early")),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.requests = None;
        // It ends at the end of its input; there is nothing to be done where it cannot be waited for.
        let _ = self.process.wait();
    }
}
