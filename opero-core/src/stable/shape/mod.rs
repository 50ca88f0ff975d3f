//! What a type looks like to serde, as one number.
//!
//! Postcard writes no names and no kinds, so the bytes of one type may read as another one's: two fields of the same kind that
//! changed places, say. What is kept for long is told apart by this number, in journals and in caches alike. A type is asked for
//! itself with made-up data, once for each variant of its enums: derived code then tells the names of its fields and variants and
//! the kinds of what is in them. The name of a type counts where its fields have none (`struct Meters(f64)`), because it is all
//! that says what they mean; other types may be renamed.

mod asking;
#[cfg(test)]
mod tests;

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use serde::de::DeserializeOwned;

use asking::Asking;

use crate::key::BuildIdentity;
use crate::sync::lock;

/// A number that changes where the kinds, the order or the names of a type's fields or variants do, so far as the type tells
/// them. Never 0.
///
/// What is behind a field that accepts no made-up value, such as a date that is kept as a text, stays unseen within the struct
/// that has it; the names of that struct's fields do not.
///
/// ```
/// use opero_core::stable::shape;
///
/// assert_eq!(shape::<(u8, String)>(), shape::<(u8, Box<str>)>());
/// assert_ne!(shape::<(u8, String)>(), shape::<(String, u8)>());
/// ```
pub fn shape<T: DeserializeOwned>() -> u64 {
    let mut trace = Trace::default();
    let mut quiet = 0;
    // A variant may be reached only by way of another one, so it goes on until all of them had their turn again.
    while quiet <= trace.widest && trace.steps < STEPS {
        trace.fresh = false;
        trace.pass += 1;
        trace.depth = 0;
        trace.note(b"pass", 0);
        // What it comes to is made up, too. Code of the user's may panic over it.
        let asked = AssertUnwindSafe(|| T::deserialize(Asking(&mut trace)).is_ok());
        let _ = catch_unwind(asked);
        trace.open.clear();
        quiet = if trace.fresh { 0 } else { quiet + 1 };
    }
    let mut first = [0; 8];
    first.copy_from_slice(&trace.hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first).max(1)
}

/// The [`shape`] of a type, asked for once in a process: some 5 ns after that.
pub(super) fn known_shape<T: DeserializeOwned>() -> u64 {
    let id = typeid::of::<T>();
    let known = HERE.try_with(|here| here.borrow().get(&id).copied());
    if let Ok(Some(shape)) = known {
        return shape;
    }
    let known = lock(&SHAPES).get_or_insert_default().get(&id).copied();
    // Asked without a lock: it runs code of the user's.
    let shape = known.unwrap_or_else(shape::<T>);
    lock(&SHAPES).get_or_insert_default().insert(id, shape);
    let _ = HERE.try_with(|here| here.borrow_mut().insert(id, shape));
    shape
}

type Shapes = HashMap<TypeId, u64, BuildIdentity>;

static SHAPES: Mutex<Option<Shapes>> = Mutex::new(None);

thread_local! {
    /// What this thread has seen of them, for a look without a lock.
    static HERE: RefCell<Shapes> = RefCell::default();
}

/// How much is asked at most, so that a large array costs no more than a millisecond.
const STEPS: usize = 10_000;
/// Deeper than that a type without an end is not followed.
const DEEPEST: usize = 64;

/// What was told so far.
#[derive(Default)]
struct Trace {
    hasher: blake3::Hasher,
    steps: usize,
    pass: usize,
    depth: usize,
    /// Structs and enums that are being asked just now: one that comes again is recursive.
    open: Vec<Names>,
    /// How many variants of an enum had their turn.
    taken: HashMap<Names, usize>,
    widest: usize,
    /// A variant had its first turn in this pass.
    fresh: bool,
}

/// A type's name, and those of its fields or variants.
type Names = (&'static str, &'static [&'static str]);

impl Trace {
    fn note(&mut self, what: &[u8], number: usize) {
        self.steps += 1;
        self.hasher.update(&(what.len() as u64).to_le_bytes());
        self.hasher.update(what);
        self.hasher.update(&(number as u64).to_le_bytes());
    }

    fn note_all(&mut self, names: &[&str]) {
        for name in names {
            self.note(name.as_bytes(), 0);
        }
    }

    /// It is within a type that holds itself. Then what may be empty is.
    fn recursive(&self) -> bool {
        let last = self.open.last();
        last.is_some_and(|last| self.open[..self.open.len() - 1].contains(last))
    }

    /// The variant whose turn it is.
    fn variant(&mut self, names: Names) -> usize {
        let count = names.1.len().max(1);
        self.widest = self.widest.max(count);
        let turn = self.pass + self.open.len();
        let taken = self.taken.entry(names).or_default();
        if *taken < count {
            *taken += 1;
            self.fresh = true;
            return *taken - 1;
        }
        turn % count
    }
}
