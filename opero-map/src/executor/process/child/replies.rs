//! Sends the replies of a worker. Small ones are sent together, at most 250 µs after the first of
//! them.

use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use opero_core::sync::lock;

use super::system;
use crate::executor::process::ipc::socket;
use crate::executor::process::ipc::wire::{FrameKey, Kind};

/// How long a reply waits for others.
const FLUSH_DELAY: Duration = Duration::from_micros(250);

/// More bytes than these are sent at once.
const FLUSH_BYTES: usize = 1 << 15;

pub(super) struct Replies {
    waiting: Mutex<WaitMode>,
    /// `true` if resident memory is reported.
    resident: bool,
}

struct WaitMode {
    socket: UnixStream,
    bytes: Vec<u8>,
    since: Instant,
    key: FrameKey,
}

impl Replies {
    pub(super) fn new(socket: UnixStream, key: FrameKey, resident: bool) -> Self {
        Self {
            waiting: Mutex::new(WaitMode {
                socket,
                bytes: Vec::new(),
                since: Instant::now(),
                key,
            }),
            resident,
        }
    }

    /// Sends a reply with the next ones, or now if some have waited long enough.
    pub(super) fn push(&self, kind: Kind, id: u64, payload: &[u8]) {
        let mut waiting = lock(&self.waiting);
        if payload.len() >= FLUSH_BYTES {
            // Not copied once more.
            let header = waiting.key.header(kind, id, payload.len());
            waiting.bytes.extend_from_slice(&header);
            waiting.flush(self.resident);
            waiting.send(payload);
            return;
        }
        let now = Instant::now();
        if waiting.bytes.is_empty() {
            waiting.since = now;
        }
        waiting.append(kind, id, payload);
        if waiting.bytes.len() >= FLUSH_BYTES
            || now.saturating_duration_since(waiting.since) >= FLUSH_DELAY
        {
            waiting.flush(self.resident);
        }
    }

    /// Sends a reply now, with those that wait.
    pub(super) fn now(&self, kind: Kind, id: u64, payload: &[u8]) {
        let mut waiting = lock(&self.waiting);
        waiting.append(kind, id, payload);
        waiting.flush(false);
    }

    /// Sends the replies that wait.
    pub(super) fn flush(&self) {
        lock(&self.waiting).flush(self.resident);
    }
}

impl WaitMode {
    fn append(&mut self, kind: Kind, id: u64, payload: &[u8]) {
        self.key.append(&mut self.bytes, kind, id, payload);
    }

    fn flush(&mut self, resident: bool) {
        if self.bytes.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        if resident && let Some(resident) = system::resident() {
            // In front: the replies may end with the head of a large one.
            let mut first = Vec::with_capacity(bytes.len() + 32);
            self.key.append(&mut first, Kind::Resident, resident, &[]);
            first.append(&mut bytes);
            bytes = first;
        }
        self.send(&bytes);
        bytes.clear();
        self.bytes = bytes;
    }

    fn send(&self, bytes: &[u8]) {
        if socket::send_all(&self.socket, bytes).is_err() {
            // The parent is gone, and so is the reason to go on.
            system::kill_self();
        }
    }
}
