//! Other processes: this test binary, started once more for one of the tests below, which do
//! nothing otherwise.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PART: &str = "OPERO_TEST_PART";
const PATH: &str = "OPERO_TEST_PATH";

/// A process that plays a part; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
    /// Closed, it tells the process to end.
    stdin: Option<ChildStdin>,
}

impl Process {
    pub(crate) fn start(part: &str, path: &Path) -> Self {
        Self::run(Command::new(std::env::current_exe().unwrap()), part, path)
    }

    /// Starts it with a disk of 1 MiB at `path`, which no other process sees, and which is gone
    /// with the process.
    pub(crate) fn start_on_small_disk(part: &str, path: &Path) -> Self {
        // In a mount namespace of its own; who is not root becomes it in a user namespace, where
        // the system permits that.
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--"]);
        command.args([
            "sh",
            "-ec",
            "mount -t tmpfs -o size=1m opero \"$0\"; exec \"$@\"",
        ]);
        command.arg(path).arg(std::env::current_exe().unwrap());
        Self::run(command, part, path)
    }

    fn run(mut command: Command, part: &str, path: &Path) -> Self {
        let test = format!("child::{part}");
        let mut child = command
            .args([&test, "--exact", "--nocapture", "--test-threads=1"])
            .env(PART, part)
            .env(PATH, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let stdin = child.stdin.take();
        Self { child, says, stdin }
    }

    /// The next thing that it says: a word and a number.
    pub(crate) fn says(&mut self) -> Option<(String, u64)> {
        self.says.by_ref().map_while(Result::ok).find_map(|line| {
            let (word, number) = line.strip_prefix("| ")?.split_once(' ')?;
            Some((word.to_owned(), number.parse().ok()?))
        })
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end, which must go well.
    pub(crate) fn end(mut self) {
        drop(self.stdin.take());
        while self.says().is_some() {}
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says it at once, on a line of its own.
pub(crate) fn say(word: &str, number: u64) {
    let line = format!("\n| {word} {number}\n");
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(line.as_bytes()).unwrap();
    stdout.flush().unwrap();
}

/// The path, in a process that plays this part.
fn cast(part: &str) -> Option<PathBuf> {
    (std::env::var(PART).ok()? == part).then(|| std::env::var_os(PATH).map(PathBuf::from))?
}

#[test]
fn threads() {
    if let Some(path) = cast("threads") {
        crate::killed::run_on_threads(&path);
    }
}

#[test]
fn tasks() {
    if let Some(path) = cast("tasks") {
        crate::killed::run_in_tasks(&path);
    }
}

#[cfg(feature = "process")]
#[test]
fn processes() {
    if let Some(path) = cast("processes") {
        crate::processes::run_in_processes(&path);
    }
}

/// Holds the journal until it is told to end.
#[test]
fn holder() {
    let Some(path) = cast("holder") else {
        return;
    };
    let mut run = crate::rejected::endless(&path);
    run.next();
    say("open", 0);
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[test]
fn rewriter() {
    if let Some(path) = cast("rewriter") {
        crate::compaction::rewrites(&path);
    }
}

#[test]
fn filler() {
    if let Some(path) = cast("filler") {
        crate::full::fills_its_disk(&path);
    }
}
