//! System calls of a worker.

use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getpid, getppid, kill_process, kill_process_group, setpgid,
    setrlimit,
};

/// Takes the channel, which is the worker's standard input: the one descriptor that cannot leak
/// into other children that start at the same moment. Standard input is empty from then on.
pub(super) fn take_channel() -> io::Result<UnixStream> {
    // Behind the standard ones, and not for the children of this process.
    let channel = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(null)?;
    Ok(UnixStream::from(channel))
}

/// Reads bytes, and keeps the file descriptors that come with them.
pub(super) struct WithDescriptors<'s> {
    pub(super) socket: &'s UnixStream,
    pub(super) descriptors: &'s mut Vec<OwnedFd>,
}

impl Read for WithDescriptors<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(
            self.socket,
            &mut [IoSliceMut::new(into)],
            &mut control,
            RecvFlags::empty(),
        )?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                for descriptor in descriptors {
                    // Not for the children of this process.
                    self.descriptors
                        .push(rustix::io::fcntl_dupfd_cloexec(descriptor, 3)?);
                }
            }
        }
        Ok(received.bytes)
    }
}

/// Limits the address space: an allocation past it fails, and a Rust program then aborts.
pub(super) fn limit_memory(bytes: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    Ok(setrlimit(Resource::As, limit)?)
}

/// Returns the resident memory in bytes, where the system tells.
pub(super) fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}

/// Ignores `SIGTERM`, which is the parent's to act on: a worker exits when its channel closes. Its
/// children get the default back.
pub(super) fn outlive_sigterm() -> io::Result<()> {
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::<AtomicBool>::default())?;
    Ok(())
}

/// Kills the children of this process that are in its group, and not the process itself, which
/// changes to its parent's group first. Without such a group, as after the parent's exit, it finds
/// them one by one.
pub(super) fn end_children() {
    let group = getpid();
    let parents = getppid().and_then(group_of);
    if parents.is_some_and(|parents| setpgid(None, Some(parents)).is_ok()) {
        let _ = kill_process_group(group, Signal::KILL);
        return;
    }
    let processes = std::fs::read_dir("/proc").into_iter().flatten();
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for other in pids.filter_map(Pid::from_raw) {
        if other != group && group_of(other) == Some(group) {
            let _ = kill_process(other, Signal::KILL);
        }
    }
}

/// Returns the group of a process, where `/proc` has it. `getpgid` does not tell a group outside of
/// this namespace.
fn group_of(process: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid())).ok()?;
    // `id (name) state parent group …`
    let group = stat.rsplit(')').next()?.split_whitespace().nth(2)?;
    Pid::from_raw(group.parse().ok()?)
}

/// Kills this process and its children at once.
pub(super) fn kill_self() -> ! {
    let _ = kill_process_group(getpid(), Signal::KILL);
    // It may have gone to another group since.
    let _ = kill_process(getpid(), Signal::KILL);
    // The signal is on its way.
    std::process::abort()
}

/// Kills this process when dropped, so that not even a panic leaves a function's thread.
pub(super) struct KillOnDrop;

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        kill_self()
    }
}
