//! Starting a worker process.

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

use super::super::entry::{TOKEN, test_entry, token};
use super::super::page::Page;
use super::super::socket;
use super::super::wire::{Hello, Key, Kind};
use super::crew::Hiring;
use crate::progress::{Stream, WorkerOutput, output_pipe};

/// A process that was started and greeted.
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) socket: UnixStream,
    pub(super) key: Key,
    pub(super) page: Page,
}

#[cfg(test)]
impl Started {
    /// A process that does nothing, and the other end of its channel.
    pub(super) fn sleeping() -> (Self, UnixStream) {
        let (ours, theirs) = socket::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut sleep = Command::new("sleep");
        let started = Self {
            child: sleep.arg("3600").stdin(Stdio::null()).spawn().unwrap(),
            socket: ours,
            key: Key::default(),
            page: Page::new().unwrap(),
        };
        (started, theirs)
    }
}

/// Starts this program once more.
pub(super) fn start(hiring: &Hiring, worker: usize) -> io::Result<Started> {
    let page = Page::new()?;
    let (ours, theirs) = socket::pair()?;
    let token = token(&theirs)?;
    let mut command = command();
    command
        .env(TOKEN, &token)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        // A group of its own: what the terminal tells this program, such as Ctrl-C, is not for its workers.
        .process_group(0);
    let stdout = direct_output(&mut command, hiring.output.as_ref())?;
    let child = command.spawn()?;
    // Holds the other end of the channel, which must close with the worker.
    drop(command);
    let hello = Hello {
        token,
        key: Key::random(),
        function: hiring.function.path.clone(),
        worker,
        memory: hiring.memory,
        resident: hiring.recycle_above.is_some(),
        counts: hiring.counts,
        stdout: stdout.is_some(),
    };
    let greeted =
        greet(&ours, &hello, &page, stdout.as_ref()).and_then(|()| ours.set_nonblocking(true));
    let mut started = Started {
        child,
        socket: ours,
        key: hello.key,
        page,
    };
    match greeted {
        Ok(()) => Ok(started),
        Err(error) => {
            // It may have died already; then it is buried here.
            let _ = started.child.kill();
            let _ = started.child.wait();
            Err(error)
        }
    }
}

/// This very program, by the name it was started with, and with the same arguments.
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

/// Says where the worker prints. What it returns is its standard output, for the greeting: the test harness announces on its
/// own what it runs, and that is for nobody.
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

/// The program's file, if it is still the one that runs; otherwise, where the system can name it, the file that was replaced.
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
    page: &Page,
    stdout: Option<&OwnedFd>,
) -> io::Result<()> {
    let mut payload = Vec::new();
    opero_core::stable::append(hello, &mut payload).map_err(io::Error::other)?;
    let mut frame = Vec::new();
    // The one frame whose reader does not know the key yet.
    Key::default().append(&mut frame, Kind::Hello, 0, &payload);
    let descriptors: Vec<_> = iter::once(page.fd())
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
