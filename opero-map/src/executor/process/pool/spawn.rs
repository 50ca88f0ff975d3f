//! Spawns a worker process.

use std::env;
use std::ffi::OsString;
use std::io::{self, IoSlice};
use std::iter;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage};

use super::config::PoolConfig;
use crate::executor::process::init::{TOKEN, test_entry, token};
use crate::executor::process::ipc::current_call::CurrentCall;
use crate::executor::process::ipc::socket;
use crate::executor::process::ipc::wire::{FrameKey, Hello, Kind};
use crate::progress::{Stream, WorkerOutput, output_pipe};

/// A process that was spawned and has its hello frame.
pub(super) struct SpawnedWorker {
    pub(super) child: Child,
    pub(super) socket: UnixStream,
    pub(super) key: FrameKey,
    pub(super) current_call: CurrentCall,
}

#[cfg(test)]
impl SpawnedWorker {
    /// A process that does nothing, and the other end of its channel.
    pub(super) fn sleeping() -> (Self, UnixStream) {
        let (ours, theirs) = socket::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut sleep = Command::new("sleep");
        let started = Self {
            child: sleep.arg("3600").stdin(Stdio::null()).spawn().unwrap(),
            socket: ours,
            key: FrameKey::default(),
            current_call: CurrentCall::new().unwrap(),
        };
        (started, theirs)
    }
}

/// Spawns this program once more.
pub(super) fn spawn(config: &PoolConfig, worker: usize) -> io::Result<SpawnedWorker> {
    let current_call = CurrentCall::new()?;
    let (ours, theirs) = socket::pair()?;
    let token = token(&theirs)?;
    let mut command = command();
    command
        .env(TOKEN, &token)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        // A group of its own: the terminal's signals, such as Ctrl-C, are for the parent.
        .process_group(0);
    let stdout = direct_output(&mut command, config.output.as_ref())?;
    let child = command.spawn()?;
    // Holds the other end of the channel, which must close with the worker.
    drop(command);
    let hello = Hello {
        token,
        key: FrameKey::random(),
        function: config.function.path.clone(),
        worker,
        memory: config.memory,
        resident: config.recycle_above.is_some(),
        counts: config.counts,
        stdout: stdout.is_some(),
    };
    let greeted = greet(&ours, &hello, &current_call, stdout.as_ref())
        .and_then(|()| ours.set_nonblocking(true));
    let mut started = SpawnedWorker {
        child,
        socket: ours,
        key: hello.key,
        current_call,
    };
    match greeted {
        Ok(()) => Ok(started),
        Err(error) => {
            // It may have exited already; then it is reaped here.
            let _ = started.child.kill();
            let _ = started.child.wait();
            Err(error)
        }
    }
}

/// Returns the command of this program, with its name and arguments.
fn command() -> Command {
    let mut arguments = env::args_os();
    let name = arguments.next();
    let mut command = Command::new(program());
    match test_entry() {
        Some(test) => {
            command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
        }
        None => {
            command.args(arguments.collect::<Vec<OsString>>());
        }
    }
    if let Some(name) = name {
        command.arg0(name);
    }
    command
}

/// Directs the worker's output. Returns its standard output for the hello frame: the test harness
/// prints announcements on its own, which are dropped.
fn direct_output(
    command: &mut Command,
    output: Option<&WorkerOutput>,
) -> io::Result<Option<OwnedFd>> {
    let relay = |stream| output_pipe(output, stream);
    if let Some(stderr) = relay(Stream::Error) {
        command.stderr(stderr);
    }
    let relayed = relay(Stream::Output);
    if test_entry().is_some() {
        command.stdout(Stdio::null());
        let ours = || io::stdout().as_fd().try_clone_to_owned();
        return Ok(Some(match relayed {
            Some(to) => to,
            None => ours()?,
        }));
    }
    if let Some(to) = relayed {
        command.stdout(to);
    }
    Ok(None)
}

/// Returns the program's file if it still is the running one; otherwise the running file as the
/// system names it.
fn program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    let Ok(path) = env::current_exe() else {
        return running;
    };
    let Ok(ours) = std::fs::metadata(&running) else {
        return path;
    };
    match std::fs::metadata(&path) {
        Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => path,
        _ => running,
    }
}

fn greet(
    socket: &UnixStream,
    hello: &Hello,
    current_call: &CurrentCall,
    stdout: Option<&OwnedFd>,
) -> io::Result<()> {
    let mut payload = Vec::new();
    opero_core::stable::append(hello, &mut payload).map_err(io::Error::other)?;
    let mut frame = Vec::new();
    // The one frame whose reader does not know the key yet.
    FrameKey::default().append(&mut frame, Kind::Hello, 0, &payload);
    let descriptors: Vec<_> = iter::once(current_call.fd())
        .chain(stdout.map(AsFd::as_fd))
        .collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("two descriptors need more room"));
    }
    // A channel takes as much at once.
    match socket::send(socket, &[IoSlice::new(&frame)], &mut control)? {
        sent if sent == frame.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}
