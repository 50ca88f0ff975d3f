//! Other processes: this test binary, started once more for one of the tests below, which do nothing otherwise.

use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::support::{close, get, open, put};

const PART: &str = "OPERO_TEST_PART";
const SCHEME: &str = "OPERO_TEST_SCHEME";
const PATH: &str = "OPERO_TEST_PATH";
const FIRST: &str = "OPERO_TEST_FIRST";

/// A process that plays a part; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) says: Lines<BufReader<ChildStdout>>,
    /// Closed, it tells the process to end.
    stdin: Option<ChildStdin>,
}

impl Process {
    pub(crate) fn start(part: &str, scheme: &str, path: &Path, first: u64) -> Self {
        Self::run(
            Command::new(std::env::current_exe().unwrap()),
            part,
            scheme,
            path,
            first,
        )
    }

    /// Starts it with a disk of 64 MiB at `path`, which no other process sees, and which is gone with the process.
    pub(crate) fn start_on_small_disk(part: &str, scheme: &str, path: &Path) -> Self {
        // In a mount namespace of its own; who is not root becomes it in a user namespace, where the system permits that.
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--"]);
        command.args([
            "sh",
            "-ec",
            "mount -t tmpfs -o size=64m opero \"$0\"; exec \"$@\"",
        ]);
        command.arg(path).arg(std::env::current_exe().unwrap());
        Self::run(command, part, scheme, path, 0)
    }

    /// Starts it under a limit as `prlimit` has it, such as `--nofile=10`.
    pub(crate) fn start_limited(limit: &str, part: &str, scheme: &str, path: &Path) -> Self {
        Self::start_limited_as(None, limit, part, scheme, path)
    }

    /// As another user, if one is named.
    pub(crate) fn start_limited_as(
        user: Option<u32>,
        limit: &str,
        part: &str,
        scheme: &str,
        path: &Path,
    ) -> Self {
        let mut command = Command::new("prlimit");
        command.args([limit, "--"]);
        let program = std::env::current_exe().unwrap();
        match user {
            None => command.arg(program),
            // Who may not be allowed to where this program is.
            Some(user) => {
                let copy = path.join("program");
                if !copy.exists() {
                    std::fs::copy(program, &copy).unwrap();
                }
                command.current_dir(path).uid(user).gid(user).arg(copy)
            }
        };
        command.stderr(Stdio::null());
        Self::run(command, part, scheme, path, 0)
    }

    fn run(mut command: Command, part: &str, scheme: &str, path: &Path, first: u64) -> Self {
        let mut child = command
            .args([
                &format!("child::{part}"),
                "--exact",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(PART, part)
            .env(SCHEME, scheme)
            .env(PATH, path)
            .env(FIRST, first.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let stdin = child.stdin.take();
        Self { child, says, stdin }
    }

    /// The numbers it said after `word`, up to the end of what it says.
    pub(crate) fn heard(&mut self, word: &str) -> Vec<u64> {
        self.says
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| number(&line, word))
            .collect()
    }

    /// Waits until it says a number after `word`.
    pub(crate) fn wait_for(&mut self, word: &str) -> u64 {
        let found = self
            .says
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| number(&line, word));
        found.unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, whichever it is.
    pub(crate) fn ends_anyhow(mut self) {
        self.says.by_ref().for_each(drop);
        self.child.wait().unwrap();
    }

    /// Tells it to end, and waits for that.
    pub(crate) fn end(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of a line like `did 7`, which may be behind what the test harness writes.
fn number(line: &str, word: &str) -> Option<u64> {
    let (_, number) = line.split_once(&format!("{word} "))?;
    number.trim().parse().ok()
}

fn say(word: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word} {number}").unwrap();
    out.flush().unwrap();
}

/// Is this process one that plays `part`? Then with these parameters.
fn cast(part: &str) -> Option<(String, std::path::PathBuf, u64)> {
    let variable = |name: &str| std::env::var(name).ok();
    (variable(PART)? == part).then_some(())?;
    Some((
        variable(SCHEME)?,
        variable(PATH)?.into(),
        variable(FIRST)?.parse().ok()?,
    ))
}

/// Takes steps without end, and says each that was taken.
#[test]
fn writer() {
    let Some((scheme, path, first)) = cast("writer") else {
        return;
    };
    let store = open(&scheme, &path, "flush=5ms");
    for number in first.. {
        crate::killed::take(&store, number).unwrap();
        say("did", number);
        if number % 64 == 63 {
            close(&store);
        }
    }
}

/// Puts some records and ends at once, as a short program does: without closing or dropping anything.
#[test]
fn brief() {
    let Some((scheme, path, first)) = cast("brief") else {
        return;
    };
    let store = open(&scheme, &path, "flush=1h");
    for number in first..first + 100 {
        put(&store, number).unwrap();
    }
    std::process::exit(0);
}

/// Holds the database open until it is told to end.
#[test]
fn holder() {
    let Some((scheme, path, first)) = cast("holder") else {
        return;
    };
    let store = open(&scheme, &path, "");
    put(&store, first).unwrap();
    say("open", first);
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    drop(store);
}

/// Fills its disk.
#[test]
fn filler() {
    if let Some((scheme, path, _)) = cast("filler") {
        crate::full::fills_its_disk(&scheme, &path);
    }
}

/// Is refused what does not fit onto its disk.
#[test]
fn refused() {
    if let Some((scheme, path, _)) = cast("refused") {
        crate::full::is_refused(&scheme, &path);
    }
}

/// Shares its disk with a process that takes all the room.
#[test]
fn contender() {
    if let Some((scheme, path, _)) = cast("contender") {
        crate::full::contends_for_its_disk(&scheme, &path);
    }
}

/// Asks for a few records, puts those that it misses, as a program with a cache does, and ends at once.
#[test]
fn short() {
    let Some((scheme, path, _)) = cast("short") else {
        return;
    };
    let store = open(&scheme, &path, "");
    for number in 0..10 {
        if !matches!(get(&store, number), Ok(Some(_))) {
            say("missed", number);
            let _ = put(&store, number);
        }
    }
    std::process::exit(0);
}

/// Uses the database under a limit.
#[test]
fn poor() {
    if let Some((scheme, path, _)) = cast("poor") {
        crate::resources::asks_in_vain(&scheme, &path);
        std::process::exit(0);
    }
}
