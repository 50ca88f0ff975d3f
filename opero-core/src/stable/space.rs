use std::cell::Cell;
use std::fmt;

use crate::{CodecError, Key};

/// Makes keys that mean the same in every process: BLAKE3 over what a call is, keyed with where it belongs, such as a
/// namespace and a function. 128 bits of it are kept.
///
/// Nobody reads an argument out of such a key; but who has a guess at one can test it.
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
const CONTEXT: &str = "opero 2026-11 keys of calls v1";

/// Scratch space larger than this is not kept for the next call.
const KEPT: usize = 1 << 16;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
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
        let hash = blake3::keyed_hash(&self.0, call);
        let (half, _) = hash.as_bytes().split_at(16);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(half);
        Key::stable(u128::from_le_bytes(bytes))
    }

    /// The key of what `write` appends; `None` where it has nothing to append.
    ///
    /// # Errors
    /// What `write` reports.
    pub fn key_with(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Option<Result<(), CodecError>>,
    ) -> Option<Result<Key, CodecError>> {
        // Taken, not borrowed: an argument's `Serialize` may itself call a decorated function.
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
        scratch.clear();
        let key = write(&mut scratch).map(|written| written.map(|()| self.key(&scratch)));
        if scratch.capacity() <= KEPT {
            let _ = SCRATCH.try_with(|slot| slot.set(scratch));
        }
        key
    }
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
            "3dbc35e9eb43cc06c19ccb010101e79b"
        );
    }

    #[test]
    fn a_key_within_a_key_disturbs_neither() {
        let space = KeySpace::new(&["opero"]);
        let nested = space.key_with(|out| {
            out.extend(b"outer");
            let inner = space.key_with(|out| {
                out.extend(b"inner");
                Some(Ok(()))
            });
            assert_eq!(inner, Some(Ok(space.key(b"inner"))));
            Some(Ok(()))
        });
        assert_eq!(nested, Some(Ok(space.key(b"outer"))));
    }
}
