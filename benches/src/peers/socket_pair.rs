//! A process at the other end of a bare socket pair, which sends back what it gets: what moving bytes costs whatever is built on
//! it. One item is under way at a time; a thread that writes while another reads is slower on large items.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// The argument that makes a process of this program the other end.
const ECHO: &str = "--echo";

/// Serves as the other end if this process is to be it, until this end closes, and returns the exit code.
///
/// It stands where this program starts, since the program is started again for it.
pub(crate) fn init() -> Option<io::Result<()>> {
    let asked = std::env::args().nth(1).is_some_and(|first| first == ECHO);
    asked.then(echo)
}

/// The socket lies in the place of standard input.
fn echo() -> io::Result<()> {
    let mut socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut frame = Vec::new();
    while receive(&mut socket, &mut frame)? {
        send(&mut socket, &frame)?;
    }
    Ok(())
}

pub(crate) struct Echo {
    /// Gone before its process is waited for.
    socket: Option<UnixStream>,
    process: Child,
    received: Vec<u8>,
}

impl Echo {
    pub(crate) fn start() -> io::Result<Self> {
        let (here, there) = UnixStream::pair()?;
        let process = Command::new(std::env::current_exe()?)
            .arg(ECHO)
            .stdin(Stdio::from(OwnedFd::from(there)))
            .spawn()?;
        Ok(Self {
            socket: Some(here),
            process,
            received: Vec::new(),
        })
    }

    /// Sends an item, and waits until it is back.
    pub(crate) fn call(&mut self, item: &[u8]) -> io::Result<()> {
        let Some(socket) = &mut self.socket else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        send(socket, item)?;
        match receive(socket, &mut self.received)? && self.received.len() == item.len() {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.socket = None;
        // It ends at the end of its input; there is nothing to be done where it cannot be waited for.
        let _ = self.process.wait();
    }
}

/// A length and so many bytes: in one write where they are few, as anybody would do it.
fn send(socket: &mut UnixStream, item: &[u8]) -> io::Result<()> {
    const FEW: usize = 4_096;
    let length = (item.len() as u64).to_le_bytes();
    if item.len() <= FEW {
        return socket.write_all(&[&length, item].concat());
    }
    socket.write_all(&length)?;
    socket.write_all(item)
}

/// Is there another?
fn receive(socket: &mut UnixStream, item: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 8];
    match socket.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        read => read?,
    }
    item.resize(u64::from_le_bytes(length) as usize, 0);
    socket.read_exact(item)?;
    Ok(true)
}
