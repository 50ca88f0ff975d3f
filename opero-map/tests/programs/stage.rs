//! Where a program and its test meet: a directory in which both leave signs, files with a name and
//! a text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const PART: &str = "OPERO_TEST_PART";
const PLACE: &str = "OPERO_TEST_PLACE";

/// The part that this process plays, if a test started it.
pub(crate) fn part() -> Option<String> {
    std::env::var(PART).ok()
}

/// The place of this process and its test.
pub(crate) fn here() -> Place {
    Place(std::env::var_os(PLACE).unwrap().into())
}

#[derive(Clone)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// An empty one.
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("programs-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Leaves a sign. It appears with its text, or not at all.
    pub(crate) fn leave(&self, name: &str, text: &str) {
        let begun = self.0.join(format!(".{name}-{}", std::process::id()));
        fs::write(&begun, text).unwrap();
        fs::rename(begun, self.path(name)).unwrap();
    }

    pub(crate) fn sign(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    pub(crate) fn wait_for(&self, name: &str) -> String {
        eventually(name, || self.sign(name))
    }

    /// What stands behind `prefix` in the names of the signs.
    pub(crate) fn named(&self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().map(Result::unwrap);
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names
            .filter_map(|name| Some(name.strip_prefix(prefix)?.to_owned()))
            .collect()
    }

    /// The process ids of so many workers, once they are at work.
    pub(crate) fn workers(&self, count: usize) -> Vec<String> {
        eventually("all workers", || {
            Some(self.named("worker-")).filter(|workers| workers.len() >= count)
        })
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
    pub(crate) child: Child,
    pub(crate) place: Place,
}

impl Program {
    /// This program, about to be started for that part.
    pub(crate) fn command(part: &str, place: &Place) -> Command {
        Self::of(Command::new(std::env::current_exe().unwrap()), part, place)
    }

    /// One that is started by another command.
    pub(crate) fn of(mut command: Command, part: &str, place: &Place) -> Command {
        command.env(PART, part).env(PLACE, &place.0);
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn start(part: &str) -> Self {
        let place = Place::new(part);
        Self::run(&mut Self::command(part, &place), place)
    }

    pub(crate) fn run(command: &mut Command, place: Place) -> Self {
        let child = command.spawn().unwrap();
        Self { child, place }
    }

    /// SIGKILL: it does nothing any more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn end(&mut self) -> ExitStatus {
        eventually("the program's end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until none of these processes runs. One that has ended and was not reaped may be left: who
/// reaps the children of a program that is gone is no matter of ours.
pub(crate) fn wait_for_the_end_of(pids: &[String]) {
    eventually("the end of all workers", || {
        pids.iter().all(|pid| !is_alive(pid)).then_some(())
    });
}

/// Waits until each of these processes was reaped by its parent.
pub(crate) fn wait_for_the_burial_of(pids: &[String]) {
    let is_left = |pid: &String| Path::new("/proc").join(pid).exists();
    eventually("the burial of all workers", || {
        (!pids.iter().any(is_left)).then_some(())
    });
}

pub(crate) fn is_alive(pid: &str) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // `pid (name) state …`
    let state = stat.rsplit(')').next().unwrap_or_default();
    !state.trim_start().starts_with('Z')
}
