//! The entries of a map, which are put in order when all are there.

use serde::ser::{Serialize, SerializeMap};

use super::append_key;
use super::tag;
use crate::{CodecError, KeyBytes};

pub(super) struct Entries<'o> {
    out: &'o mut KeyBytes,
    room: usize,
    /// The entries before this map's own, of maps around it.
    before: usize,
    wants_value: bool,
}

impl<'o> Entries<'o> {
    pub(super) fn new(out: &'o mut KeyBytes) -> Self {
        let room = out.hold();
        let before = out.entries();
        Self {
            out,
            room,
            before,
            wants_value: false,
        }
    }

    /// A key without a value, or a value without a key, could be taken for another map's.
    fn turn(&mut self, is_value: bool) -> Result<(), CodecError> {
        if self.wants_value != is_value {
            return Err(CodecError::new("a map's keys and values do not alternate"));
        }
        self.wants_value = !is_value;
        Ok(())
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = CodecError;

    #[inline]
    fn serialize_key<V: Serialize + ?Sized>(&mut self, key: &V) -> Result<(), CodecError> {
        self.turn(false)?;
        self.out.begin_entry();
        append_key(key, self.out)
    }

    #[inline]
    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), CodecError> {
        self.turn(true)?;
        append_key(value, self.out)
    }

    fn end(mut self) -> Result<(), CodecError> {
        self.turn(false)?;
        self.out.sort_entries(self.before);
        self.out.release(self.room);
        self.out.put(tag::END, []);
        Ok(())
    }
}
