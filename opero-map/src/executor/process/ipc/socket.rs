//! The socket between a program and its worker. Writing to a closed one returns an error: `SIGPIPE`
//! would end a process that has its default action back.

use std::io::{self, IoSlice};
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

/// Both ends of a channel.
pub(crate) fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    quiet(&ours)?;
    quiet(&theirs)?;
    Ok((ours, theirs))
}

/// No signal, where every call says so.
#[cfg(not(target_vendor = "apple"))]
const QUIET: SendFlags = SendFlags::NOSIGNAL;

/// No signal, where the socket itself knows.
#[cfg(target_vendor = "apple")]
const QUIET: SendFlags = SendFlags::empty();

#[cfg(not(target_vendor = "apple"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "elsewhere the socket has to be told"
)]
fn quiet(_: &UnixStream) -> io::Result<()> {
    Ok(())
}

#[cfg(target_vendor = "apple")]
fn quiet(socket: &UnixStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_nosigpipe(socket, true)?)
}

/// Sends as much of the slices as goes in one call, and what `control` holds beside them.
pub(crate) fn send(
    socket: &UnixStream,
    slices: &[IoSlice<'_>],
    control: &mut SendAncillaryBuffer<'_, '_, '_>,
) -> io::Result<usize> {
    Ok(sendmsg(socket, slices, control, QUIET)?)
}

/// Sends all bytes, and waits until they are taken.
pub(crate) fn send_all(socket: &UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match send(
            socket,
            &[IoSlice::new(bytes)],
            &mut SendAncillaryBuffer::default(),
        ) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_channel_without_its_other_end_is_an_error_and_no_signal() {
        let signalled = Arc::new(AtomicBool::new(false));
        let pipe = signal_hook::consts::SIGPIPE;
        signal_hook::flag::register(pipe, Arc::clone(&signalled)).unwrap();
        let (ours, theirs) = pair().unwrap();
        drop(theirs);
        let error = send_all(&ours, b"is it open?").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(!signalled.load(Ordering::Relaxed));
    }
}
