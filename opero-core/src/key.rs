//! Keys of calls, and the hashers that make and use them.

/// What a type is known by in this build of the program, whatever lifetimes it has.
#[doc(hidden)]
pub use typeid::of as type_id;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

/// Identifies a call inside this process: a 128-bit hash of its arguments, keyed at random at the process's start.
///
/// 128 bits make an accidental collision of n calls as likely as n²/2¹²⁹: one in 10¹⁵ after 800 thousand million calls.
/// It holds no argument in the clear.
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

    /// A key that was made elsewhere and means the same in every process.
    pub const fn stable(number: u128) -> Self {
        Self(number)
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
    /// Shows no hash: hashes stay unknown so that they cannot be forged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Two foldhash hashers side by side, each keyed with 128 bits of the operating system's randomness.
///
/// foldhash is no cryptographic function. What stands between a caller who chooses arguments and a wrong answer is that
/// two hashes with independent keys would have to collide at once, that the keys differ in every process, and that no
/// hash is ever shown. SipHash-1-3 with 128 bits, the other candidate, took 19 ns of a 90 ns hit for the arguments
/// `(&str, u64)`; this takes 6.
#[derive(Clone)]
pub struct KeyHasher {
    low: FoldHasher<'static>,
    high: FoldHasher<'static>,
}

static SECRET: LazyLock<[(u64, SharedSeed); 2]> = LazyLock::new(|| {
    // The standard library seeds each state from the operating system's random numbers.
    let random = |n: u8| RandomState::new().hash_one(n);
    [0, 1].map(|lane| (random(lane), SharedSeed::from_u64(random(lane + 2))))
});

// Inlined wherever it is used, but in debug builds, where that would only be more to compile for each decorated function.
impl KeyHasher {
    /// A hasher for calls of the closure or function type `F`, with its generic parameters: the same arguments to
    /// another function, or to another instance of a generic one, give another key.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn new<F>() -> Self {
        let mut hasher = Self::seeded();
        typeid::of::<F>().hash(&mut hasher);
        hasher
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn seeded() -> Self {
        let secret: &'static [(u64, SharedSeed); 2] = &SECRET;
        let [(low, low_shared), (high, high_shared)] = secret;
        Self {
            low: FoldHasher::with_seed(*low, low_shared),
            high: FoldHasher::with_seed(*high, high_shared),
        }
    }

    /// The key of what was hashed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn key(&self) -> Key {
        Key(u128::from(self.high.finish()) << 64 | u128::from(self.low.finish()))
    }
}

/// Forwards to both lanes, integers as integers: foldhash takes them without a detour over bytes.
macro_rules! both_lanes {
    ($($method:ident: $type:ty),*) => {$(
        #[inline]
        fn $method(&mut self, value: $type) {
            self.low.$method(value);
            self.high.$method(value);
        }
    )*};
}

impl Hasher for KeyHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.low.finish()
    }
    both_lanes!(write: &[u8], write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128,
        write_usize: usize);
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
