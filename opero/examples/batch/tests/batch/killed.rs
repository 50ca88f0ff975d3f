//! Killed at a random moment, ten times in a row, and then let end: every answer comes once, and what a run had told is never
//! asked for again.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::support::{Directory, Serving, example, output, report};
use crate::provider::behaviour::answer;

const KILLS: usize = 10;
/// More than ten runs do before they are killed.
const PROMPTS: usize = 500;
/// How long a test waits for what must come soon; longer, it hangs.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn kills_repeat_nothing_that_was_done_in_worker_processes() {
    killed_and_resumed("process");
}

#[test]
fn kills_repeat_nothing_that_was_done_in_one_process() {
    killed_and_resumed("async");
}

fn killed_and_resumed(mode: &str) {
    let directory = Directory::of(&format!("killed-{mode}"));
    let serving = Serving::start();
    let prompts: Vec<_> = (0..PROMPTS).map(|n| format!("What is {n}?")).collect();
    let file = directory.prompts(&prompts.join("\n"));
    let command = || {
        let mut command = example();
        command.arg(&file).args(["--mode", mode, "--resume"]);
        command.arg(directory.file("journal"));
        command.args(["--provider", &serving.provider.url]);
        if mode == "process" {
            command.args(["--workers", "2"]);
        }
        command
    };
    let answers = prompts.iter().enumerate();
    let expected: Vec<_> = answers
        .map(|(n, prompt)| format!("{}: {}", n + 1, answer(prompt)))
        .collect();

    // What was told before a kill, and how many requests it had taken by then.
    let mut done: HashMap<usize, u64> = HashMap::new();
    for kill in 1..=KILLS {
        let mut running = Running::start(command().arg("--answers"));
        let (mut told, new) = (Vec::new(), random(16) as usize);
        while told.len() < done.len() + new {
            told.push(running.line().expect("it has not come to its end"));
        }
        thread::sleep(Duration::from_millis(random(50)));
        told.extend(running.kill());
        assert!(told.len() < PROMPTS, "kill {kill} came too late");
        for prompt in answered(&told, &expected) {
            let requests = || serving.requests(&prompts[prompt]);
            done.entry(prompt).or_insert_with(requests);
        }
    }

    let last = output(command().arg("--answers"));
    let (told, summary) = last.split_once("\n\n").unwrap();
    let told: Vec<_> = told.lines().map(str::to_owned).collect();
    assert!(
        answered(&told, &expected).into_iter().eq(0..PROMPTS),
        "{last}"
    );
    assert!(
        summary.contains(" of 500 answered from the record"),
        "{last}"
    );
    for (prompt, requests) in done {
        let served = serving.provider.served();
        let prompt = &prompts[prompt];
        assert_eq!(serving.requests(prompt), requests, "{prompt} {served}");
    }

    // By now everything is in the record.
    let before = serving.provider.served().requests;
    let report = report(&mut command());
    let pass = &report["passes"][0];
    assert_eq!(
        (&pass["resumed"], &pass["ok"]),
        (&PROMPTS.into(), &PROMPTS.into()),
        "{pass}"
    );
    assert_eq!(
        (&pass["executions"], &pass["workers_started"]),
        (&0.into(), &0.into()),
        "{pass}"
    );
    assert_eq!(serving.provider.served().requests, before);
}

/// Which prompts these lines answer: each once, and with its own answer.
fn answered(told: &[String], expected: &[String]) -> Vec<usize> {
    let number = |line: &String| -> usize { line.split_once(':').unwrap().0.parse().unwrap() };
    let mut prompts: Vec<_> = told.iter().map(|line| number(line) - 1).collect();
    for (prompt, line) in prompts.iter().zip(told) {
        assert_eq!(*line, expected[*prompt]);
    }
    prompts.sort_unstable();
    let lines = prompts.len();
    prompts.dedup();
    assert_eq!(prompts.len(), lines, "one answer was told twice: {told:?}");
    prompts
}

/// A run, and the lines that it prints.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            while stdout.read_line(&mut line).is_ok_and(|read| read > 0) {
                let whole = line.strip_suffix('\n').expect("a kill cuts no line short");
                if sender.send(whole.to_owned()).is_err() {
                    break;
                }
                line.clear();
            }
        });
        Self { child, lines }
    }

    /// The next line; `None` at the end of all processes that could print one.
    fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(HANG) {
            Ok(line) => Some(line),
            Err(end) => {
                let expected = RecvTimeoutError::Disconnected;
                assert_eq!(end, expected, "a process is there, and prints nothing");
                None
            }
        }
    }

    /// Kills the process that was started, and gives the lines that were not taken yet. Its workers, which print where it does,
    /// are gone by then.
    fn kill(&mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.line()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Below `bound`.
fn random(bound: u64) -> u64 {
    RandomState::new().build_hasher().finish() % bound
}
