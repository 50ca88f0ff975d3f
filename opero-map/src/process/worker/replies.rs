//! What a worker has to say. Small replies are sent together, but never later than a moment after the first of them.

use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use opero_core::sync::lock;

use super::super::socket;
use super::super::wire::{Key, Kind};
use super::standard;

/// Replies wait for company for so long.
const MOMENT: Duration = Duration::from_micros(250);

/// More bytes than these are sent at once.
const FULL: usize = 1 << 15;

pub(super) struct Replies {
    waiting: Mutex<Waiting>,
    /// Shall it be said how much memory is resident?
    resident: bool,
}

struct Waiting {
    socket: UnixStream,
    bytes: Vec<u8>,
    since: Instant,
    key: Key,
}

impl Replies {
    pub(super) fn new(socket: UnixStream, key: Key, resident: bool) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                socket,
                bytes: Vec::new(),
                since: Instant::now(),
                key,
            }),
            resident,
        }
    }

    /// Says it with the next ones, or now if some have waited long enough.
    pub(super) fn push(&self, kind: Kind, id: u64, payload: &[u8]) {
        let mut waiting = lock(&self.waiting);
        if payload.len() >= FULL {
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
        if waiting.bytes.len() >= FULL || now.saturating_duration_since(waiting.since) >= MOMENT {
            waiting.flush(self.resident);
        }
    }

    /// Says it, and what waits.
    pub(super) fn now(&self, kind: Kind, id: u64, payload: &[u8]) {
        let mut waiting = lock(&self.waiting);
        waiting.append(kind, id, payload);
        waiting.flush(false);
    }

    /// Says what waits.
    pub(super) fn flush(&self) {
        lock(&self.waiting).flush(self.resident);
    }
}

impl Waiting {
    fn append(&mut self, kind: Kind, id: u64, payload: &[u8]) {
        self.key.append(&mut self.bytes, kind, id, payload);
    }

    fn flush(&mut self, resident: bool) {
        if self.bytes.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        if resident && let Some(resident) = standard::resident() {
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
            // Nobody reads it: the parent is gone, and so is the reason to go on.
            standard::die();
        }
    }
}
