use std::cell::Cell;
use std::fmt;

use crate::key_bytes::Scratch;
use crate::{CodecError, Key, KeyBytes};

/// Makes keys that mean the same in every process: BLAKE3 over what a call is, keyed with where it belongs, such as a
/// namespace and a function. 128 bits of it are kept.
///
/// An argument cannot be read out of such a key, but a guess at one can be tested.
///
/// ```
/// use opero_core::stable::KeySpace;
///
/// let space = KeySpace::new(&["opero", "my_app::summary"]);
/// assert_eq!(space.key(b"prompt"), KeySpace::new(&["opero", "my_app::summary"]).key(b"prompt"));
/// assert_ne!(space.key(b"prompt"), space.key(b"other"));
/// assert_ne!(space.key(b"prompt"), KeySpace::new(&["oper", "omy_app::summary"]).key(b"prompt"));
/// ```
#[derive(Clone)]
pub struct KeySpace([u8; 32]);

/// Another text here would make every stored entry a miss.
const CONTEXT: &str = "opero 2026-11 keys of calls v2";

/// Scratch space larger than this is not kept for the next call.
const KEPT: usize = 1 << 16;

/// More bytes than this are streamed into the hash. As many are hashed side by side.
const ROOM: usize = 1 << 14;

thread_local! {
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch::EMPTY) };
}

impl KeySpace {
    /// The space that `parts` name together; where one part ends and the next begins counts.
    pub fn new(parts: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The key of what these bytes stand for.
    pub fn key(&self, call: &[u8]) -> Key {
        half(&blake3::keyed_hash(&self.0, call))
    }

    /// The key of what `write` appends; `None` where it has nothing to append.
    ///
    /// # Errors
    /// What `write` reports.
    pub fn key_with(
        &self,
        write: impl FnOnce(&mut KeyBytes) -> Option<Result<(), CodecError>>,
    ) -> Option<Result<Key, CodecError>> {
        // Taken, not borrowed: an argument's `Serialize` may itself call a decorated function.
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
        scratch.bytes.clear();
        scratch.entries.clear();
        let mut bytes = KeyBytes::streamed(scratch, ROOM, Stream::new(self));
        let written = write(&mut bytes);
        let (scratch, stream) = bytes.into_parts();
        let key = written.map(|written| {
            written.map(
                |()| match stream.and_then(|stream| stream.finish(&scratch.bytes)) {
                    Some(key) => key,
                    None => self.key(&scratch.bytes),
                },
            )
        });
        if scratch.bytes.capacity() <= KEPT && scratch.entries.capacity() <= KEPT / 64 {
            let _ = SCRATCH.try_with(|slot| slot.set(scratch));
        }
        key
    }
}

/// What exceeds the room of the scratch space: hashed as it comes.
pub(crate) struct Stream {
    space: [u8; 32],
    /// Boxed, since it takes 2 KB; made for the few calls with arguments that long.
    hasher: Option<Box<blake3::Hasher>>,
}

impl Stream {
    fn new(space: &KeySpace) -> Self {
        Self {
            space: space.0,
            hasher: None,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let space = &self.space;
        let hasher = self
            .hasher
            .get_or_insert_with(|| Box::new(blake3::Hasher::new_keyed(space)));
        hasher.update(bytes);
    }

    /// The key of what was streamed and `rest` behind it; `None` where nothing was streamed.
    fn finish(self, rest: &[u8]) -> Option<Key> {
        let mut hasher = self.hasher?;
        hasher.update(rest);
        Some(half(&hasher.finalize()))
    }
}

/// 128 bits of a hash.
fn half(hash: &blake3::Hash) -> Key {
    let (half, _) = hash.as_bytes().split_at(16);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(half);
    Key::stable(u128::from_le_bytes(bytes))
}

impl fmt::Debug for KeySpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySpace")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The format on disks and servers: a change here loses what users stored.
    #[test]
    fn keys_are_the_same_in_every_version() {
        let key = KeySpace::new(&["opero", "a::f"]).key(b"arguments");
        assert_eq!(
            format!("{:032x}", key.as_u128()),
            "1fc6f9023d93f72fcbe0399959555017"
        );
    }

    #[test]
    fn long_arguments_are_streamed_to_the_same_key() {
        let space = KeySpace::new(&["opero"]);
        let long: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        for pieces in [1, 7, ROOM - 1, ROOM, ROOM + 1, long.len()] {
            let streamed = space.key_with(|out| {
                for piece in long.chunks(pieces) {
                    out.push(piece);
                }
                assert!(out.as_bytes().len() <= ROOM);
                Some(Ok(()))
            });
            assert_eq!(streamed, Some(Ok(space.key(&long))), "{pieces}");
        }
    }

    #[test]
    fn a_key_within_a_key_disturbs_neither() {
        let space = KeySpace::new(&["opero"]);
        let nested = space.key_with(|out| {
            out.push(b"outer");
            let inner = space.key_with(|out| {
                out.push(b"inner");
                Some(Ok(()))
            });
            assert_eq!(inner, Some(Ok(space.key(b"inner"))));
            Some(Ok(()))
        });
        assert_eq!(nested, Some(Ok(space.key(b"outer"))));
    }
}
