//! This test binary, started once more for one of the tests in `programs`, which do nothing
//! otherwise.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

mod counting;
mod printing;

pub(crate) use printing::ITEMS;

const PLACE: &str = "OPERO_TEST_PLACE";

/// A place in which a program and its test leave signs for each other: files with a name and a
/// text.
#[derive(Clone)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// An empty one.
    pub(crate) fn new(name: &str) -> Self {
        let place = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("terminal-{name}")));
        let _ = fs::remove_dir_all(&place.0);
        fs::create_dir_all(&place.0).unwrap();
        place
    }

    /// That of the test which started this program, if one did.
    pub(crate) fn of_this_program() -> Option<Self> {
        std::env::var_os(PLACE).map(|place| Self(place.into()))
    }

    /// Leaves a sign. It appears with its text, or not at all.
    pub(crate) fn leave(&self, name: &str, text: &str) {
        let begun = self.0.join(format!(".{name}-{}", std::process::id()));
        fs::write(&begun, text).unwrap();
        fs::rename(begun, self.0.join(name)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn sign(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }

    /// The texts of all signs whose names begin like that.
    pub(crate) fn signs(&self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().map(Result::unwrap);
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        named
            .map(|entry| fs::read_to_string(entry.path()).unwrap())
            .collect()
    }

    pub(crate) fn wait_for(&self, name: &str) -> String {
        eventually(name, || self.sign(name))
    }
}

/// Waits for what another process is about to do. The limit only turns a hang into a failure.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < limit, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A program that runs; killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) place: Place,
}

impl Program {
    /// The program, about to be started: `part` is the path of one of the tests below.
    pub(crate) fn command(part: &str, place: &Place) -> Command {
        Self::of(Command::new(std::env::current_exe().unwrap()), part, place)
    }

    /// One that is started by another command.
    pub(crate) fn of(mut command: Command, part: &str, place: &Place) -> Command {
        let part = format!("programs::{part}");
        command.args([part.as_str(), "--exact", "--nocapture", "--test-threads=1"]);
        command.env(PLACE, &place.0).stdin(Stdio::null());
        command
    }

    pub(crate) fn start(command: &mut Command, place: Place) -> Self {
        let child = command.spawn().unwrap();
        Self { child, place }
    }

    pub(crate) fn interrupt(&self) {
        kill_process(self.pid(), Signal::INT).unwrap();
    }

    pub(crate) fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    pub(crate) fn end(&mut self) -> ExitStatus {
        eventually("the program's end", || self.child.try_wait().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends SIGTERM to a process that may have ended.
pub(crate) fn terminate(pid: &str) {
    let pid = pid.parse().ok().and_then(Pid::from_raw).unwrap();
    let _ = kill_process(pid, Signal::TERM);
}

/// Waits until none of these processes is left. One that has ended and was not reaped yet is not:
/// who reaps the children of a program that is gone is no matter of ours.
pub(crate) fn wait_for_the_end_of(pids: &[String]) {
    let is_gone = |pid: &String| match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // `pid (name) state …`
        Ok(stat) => stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z')),
        Err(_) => true,
    };
    eventually("the end of all workers", || {
        pids.iter().all(is_gone).then_some(())
    });
}
