//! The bytes of a key that means the same in every process, on their way into its hash.

use std::fmt;
#[cfg(feature = "stable")]
use std::ops::Range;

/// Collects what identifies a call: the function, then its arguments one after another.
///
/// `opero_core::stable::append_key` (feature `stable`) appends an argument. A
/// [`KeySpace`](crate::stable::KeySpace) hashes the bytes; it streams long ones into the hash, so that a large
/// argument is neither copied nor kept.
///
/// ```
/// use opero_core::KeyBytes;
///
/// let mut bytes = KeyBytes::new();
/// bytes.push(b"prompt");
/// assert_eq!(bytes.as_bytes(), b"prompt");
/// ```
pub struct KeyBytes {
    bytes: Vec<u8>,
    /// How many bytes may wait in `bytes`. `usize::MAX`: all of them, because nothing hashes them here, or because their order is
    /// not known yet.
    room: usize,
    #[cfg(feature = "stable")]
    stream: Option<crate::stable::Stream>,
    /// Where the entries of the maps under way lie, of an inner map behind those of an outer one.
    #[cfg(feature = "stable")]
    entries: Vec<Range<usize>>,
}

impl KeyBytes {
    /// Collects all bytes, without a hash.
    pub fn new() -> Self {
        Self {
            bytes: Vec::new(),
            room: usize::MAX,
            #[cfg(feature = "stable")]
            stream: None,
            #[cfg(feature = "stable")]
            entries: Vec::new(),
        }
    }

    /// Appends bytes as they are. They must tell where they end.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > self.room {
            return self.overflow(bytes);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes that were collected; in a [`KeySpace`](crate::stable::KeySpace), those that were not streamed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[cfg(feature = "stable")]
    #[cold]
    fn overflow(&mut self, bytes: &[u8]) {
        match &mut self.stream {
            Some(stream) => {
                stream.update(&self.bytes);
                stream.update(bytes);
                self.bytes.clear();
            }
            None => self.bytes.extend_from_slice(bytes),
        }
    }

    #[cfg(not(feature = "stable"))]
    #[cold]
    fn overflow(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

#[cfg(feature = "stable")]
impl KeyBytes {
    /// Appends a tag and a few bytes behind it, whose number the compiler knows: two stores.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        if self.bytes.len() + N >= self.room {
            self.overflow(&[]);
        }
        self.bytes.reserve(N + 1);
        self.bytes.push(tag);
        self.bytes.extend_from_slice(&bytes);
    }

    /// Appends a tag and a text behind it.
    #[inline]
    pub(crate) fn put_text(&mut self, tag: u8, text: &[u8]) {
        if self.bytes.len() + text.len() >= self.room {
            self.overflow(&[]);
        }
        self.bytes.reserve(text.len() + 1);
        self.bytes.push(tag);
        self.bytes.extend_from_slice(text);
    }

    /// Takes back the last bytes, which were [`put`](Self::put) just now.
    #[inline(always)]
    pub(crate) fn take_back(&mut self, count: usize) {
        self.bytes.truncate(self.bytes.len() - count);
    }

    /// Collects into `scratch`, and streams what exceeds `room` into `stream`.
    pub(crate) fn streamed(scratch: Scratch, room: usize, stream: crate::stable::Stream) -> Self {
        Self {
            bytes: scratch.bytes,
            room,
            stream: Some(stream),
            entries: scratch.entries,
        }
    }

    /// The scratch space with the bytes that were not streamed, and the stream of those before them.
    pub(crate) fn into_parts(self) -> (Scratch, Option<crate::stable::Stream>) {
        let (bytes, entries) = (self.bytes, self.entries);
        (Scratch { bytes, entries }, self.stream)
    }

    /// Holds all bytes back from here on, so that they can be put in order. Returns what [`release`](Self::release) takes.
    pub(crate) fn hold(&mut self) -> usize {
        std::mem::replace(&mut self.room, usize::MAX)
    }

    /// Ends a [`hold`](Self::hold).
    pub(crate) fn release(&mut self, room: usize) {
        self.room = room;
    }

    /// How many entries of maps are under way.
    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Begins an entry of the innermost map.
    #[inline]
    pub(crate) fn begin_entry(&mut self) {
        let start = self.bytes.len();
        self.entries.push(start..start);
    }

    /// Ends the innermost map: puts its entries in the order of their bytes. `before` is the number of entries of the maps
    /// around it.
    pub(crate) fn sort_entries(&mut self, before: usize) {
        let (bytes, entries) = (&mut self.bytes, &mut self.entries[before..]);
        let mut end = bytes.len();
        for entry in entries.iter_mut().rev() {
            entry.end = end;
            end = entry.start;
        }
        if !entries.is_sorted_by_key(|entry| &bytes[entry.clone()]) {
            let unsorted = end..bytes.len();
            entries.sort_unstable_by(|a, b| bytes[a.clone()].cmp(&bytes[b.clone()]));
            for entry in entries {
                bytes.extend_from_within(entry.clone());
            }
            bytes.drain(unsorted);
        }
        self.entries.truncate(before);
    }
}

/// What a thread keeps for its next key.
#[cfg(feature = "stable")]
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<Range<usize>>,
}

#[cfg(feature = "stable")]
impl Scratch {
    pub(crate) const EMPTY: Self = Self {
        bytes: Vec::new(),
        entries: Vec::new(),
    };
}

impl Default for KeyBytes {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KeyBytes {
    /// Without the bytes: they are the arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBytes")
    }
}
