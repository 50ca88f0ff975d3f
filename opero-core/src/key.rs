//! Keys of calls, and the hashers that make and use them.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use siphasher::sip128::{Hasher128, SipHasher13};

/// Identifies a call inside this process: a 128-bit hash of its arguments, keyed at random at the process's start.
///
/// 128 bits make an accidental collision of n calls as likely as n²/2¹²⁹; the random key keeps an attacker who chooses
/// arguments from constructing one. It holds no argument in the clear.
///
/// ```
/// use opero_core::Key;
///
/// assert_eq!(Key::of(&("prompt", 1)), Key::of(&("prompt", 1)));
/// assert_ne!(Key::of(&("prompt", 1)), Key::of(&("prompt", 2)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u128);

impl Key {
    /// The key of a value, the same wherever in the process it is computed.
    pub fn of<V: Hash + ?Sized>(value: &V) -> Self {
        let mut hasher = KeyHasher::seeded();
        value.hash(&mut hasher);
        hasher.key()
    }

    /// The key as a number.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

/// Writes the low 64 bits: the key is a hash already, so a map may use an identity hasher.
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0 as u64);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:032x})", self.0)
    }
}

/// SipHash-1-3 with 128 bits of output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), keyed once a
/// process.
#[derive(Clone)]
pub struct KeyHasher(SipHasher13);

static SECRET: LazyLock<(u64, u64)> = LazyLock::new(|| {
    // The standard library seeds each state from the operating system's random numbers.
    let half = || RandomState::new().hash_one(0_u8);
    (half(), half())
});

impl KeyHasher {
    /// A hasher for calls of the closure or function type `F`, with its generic parameters: the same arguments to
    /// another function, or to another instance of a generic one, give another key.
    #[inline]
    pub fn new<F>() -> Self {
        let mut hasher = Self::seeded();
        typeid::of::<F>().hash(&mut hasher);
        hasher
    }

    #[inline]
    fn seeded() -> Self {
        let (first, second) = *SECRET;
        Self(SipHasher13::new_with_keys(first, second))
    }

    /// The key of what was hashed.
    #[inline]
    pub fn key(&self) -> Key {
        Key(self.0.finish128().as_u128())
    }
}

impl Hasher for KeyHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.key().0 as u64
    }
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }
    #[inline]
    fn write_u8(&mut self, i: u8) {
        self.0.write_u8(i);
    }
    #[inline]
    fn write_u32(&mut self, i: u32) {
        self.0.write_u32(i);
    }
    #[inline]
    fn write_u64(&mut self, i: u64) {
        self.0.write_u64(i);
    }
    #[inline]
    fn write_usize(&mut self, i: usize) {
        self.0.write_usize(i);
    }
}

impl fmt::Debug for KeyHasher {
    /// Without its state: it holds the process's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHasher")
    }
}

/// A hasher for maps whose keys are [`Key`]s: it passes on what the key already is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity(u64);

impl Hasher for Identity {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }
    #[inline]
    fn write_u64(&mut self, i: u64) {
        self.0 = i;
    }
}

/// Builds [`Identity`] hashers.
pub type BuildIdentity = std::hash::BuildHasherDefault<Identity>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn functions_do_not_share_keys() {
        let one = |x: u32| x;
        let two = |x: u32| x;
        fn key<F>(_: &F) -> Key {
            KeyHasher::new::<F>().key()
        }
        assert_ne!(key(&one), key(&two));
        assert_eq!(key(&one), key(&one));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", KeyHasher::seeded()), "KeyHasher");
    }

    proptest! {
        #[test]
        fn equal_arguments_have_equal_keys_and_others_do_not(a: (String, u64), b: (String, u64)) {
            prop_assert_eq!(Key::of(&a), Key::of(&a.clone()));
            prop_assert_eq!(a == b, Key::of(&a) == Key::of(&b));
        }

        #[test]
        fn the_split_between_arguments_counts(a: String, b: String) {
            let moved = (format!("{a}x"), b.clone());
            prop_assert_ne!(Key::of(&(a, format!("x{b}"))), Key::of(&moved));
        }
    }
}
