//! Runs a command within a time limit, and measures its processor time.

use std::error::Error;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeVal;
use nix::unistd::Pid;

/// A command that takes longer is killed.
const TIME_LIMIT: Duration = Duration::from_secs(300);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Runs `command` and returns the processor time of all its processes, user and system, in seconds.
/// Its standard error goes to the file `stderr`.
///
/// Processor time depends little on what else the machine does.
pub(super) fn run(command: &mut Command, stderr: &Path) -> Result<f64, Box<dyn Error>> {
    let before = children_time()?;
    let mut child = command
        .stdin(Stdio::null())
        .stderr(File::create(stderr)?)
        // The compiler is a grandchild: it is killed with the group.
        .process_group(0)
        .spawn()?;
    let status = wait(&mut child)?;
    if !status.success() {
        let said = fs::read_to_string(stderr)?;
        let error = said.lines().find(|line| line.starts_with("error"));
        return Err(error
            .map_or_else(|| status.to_string(), str::to_owned)
            .into());
    }
    Ok(children_time()? - before)
}

fn wait(child: &mut Child) -> Result<ExitStatus, Box<dyn Error>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > TIME_LIMIT {
            killpg(Pid::from_raw(child.id().try_into()?), Signal::SIGKILL)?;
            child.wait()?;
            return Err(format!("takes longer than {} s", TIME_LIMIT.as_secs()).into());
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Returns the processor time of all descendants that were waited for.
fn children_time() -> nix::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}
