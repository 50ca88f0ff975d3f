//! The bytes of a record: what surrounds a value that outlives the process.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `opro`, so that foreign bytes are told apart |
//! | 1 | the version of this format, now 1 |
//! | 8 | the value's type: XXH3 of its name, seeded with its schema fingerprint |
//! | 8 | when it expires, in milliseconds since the Unix epoch; all ones: never |
//! | 8 | the length of the value |
//! | … | the value, in the codec's encoding |
//! | 8 | checksum: XXH3 of all of the above seeded with the key's low half, combined with its high half |
//!
//! Numbers are little-endian. Any other version is [`EnvelopeError`], older ones too: a cache refills itself, and code that reads
//! every format there ever was does not pay. The type's name is the compiler's, which may change between its versions; then
//! a record is rejected that could have been read.
//!
//! # Who is trusted
//!
//! The checksum stands against accidents: bytes cut short, flipped, or found under another key. A process that can *write* to the
//! store can make a record that opens, and is trusted with the results. What such a record can do beyond a wrong result
//! depends on the type. Decoding runs no code but the type's own `Deserialize`, checks every length against the bytes
//! that are there, and reserves at most some MiB before the elements of a collection have been read. Two things it cannot
//! bound: a collection whose elements have no bytes, such as `Vec<()>`, may claim any length, and is counted or filled up to
//! it; and a type that contains itself recurses as deep as the record says, a level for each byte or two of it.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use opero_core::{Codec, CodecError, Key};
use xxhash_rust::xxh3::xxh3_64_with_seed;

const MAGIC: [u8; 4] = *b"opro";
const VERSION: u8 = 1;
const NEVER: u64 = u64::MAX;

/// What lies before the value.
const HEAD: usize = 4 + 1 + 8 + 8 + 8;
/// What lies behind it.
const TAIL: usize = 8;

/// Scratch space larger than this is not kept for the next value.
const KEPT: usize = 1 << 16;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The record of `value` under `key`, to be opened until `expires`, which is counted from the Unix epoch; `None`: for ever.
///
/// The expiry is kept in whole milliseconds, rounded down; one that 64 bits cannot say, in half a billion years, is never.
///
/// ```
/// use std::time::Duration;
/// use opero_cache::{Key, envelope};
/// use opero_core::Codec;
///
/// let (codec, key) = (Codec::<String>::postcard(), Key::stable(7));
/// let record = envelope::seal(&codec, &key, &"rain".to_owned(), Some(Duration::from_secs(1_800_000_000)))?;
///
/// let sealed = envelope::open(&codec, &key, &record)?;
/// assert_eq!(sealed.expires(), Some(Duration::from_secs(1_800_000_000)));
/// assert_eq!(sealed.value()?, "rain");
///
/// assert!(envelope::open(&codec, &Key::stable(8), &record).is_err());
/// assert!(envelope::open(&Codec::<Vec<u8>>::postcard(), &key, &record).is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The codec's, where the value cannot be encoded.
pub fn seal<T>(
    codec: &Codec<T>,
    key: &Key,
    value: &T,
    expires: Option<Duration>,
) -> Result<Vec<u8>, CodecError> {
    seal_with((codec.type_name(), codec.schema()), key, expires, |out| {
        codec.encode(value, out)
    })
}

/// [`seal`] for a value whose type is forgotten: `encode` appends its bytes.
pub(crate) fn seal_with(
    ty: Type<'_>,
    key: &Key,
    expires: Option<Duration>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>,
) -> Result<Vec<u8>, CodecError> {
    // Taken, not borrowed: a value's `Serialize` may itself call a decorated function.
    let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
    scratch.clear();
    let encoded = encode(&mut scratch);
    let record = encoded.map(|()| assemble(type_tag(ty), key, &scratch, expires));
    if scratch.capacity() <= KEPT {
        let _ = SCRATCH.try_with(|slot| slot.set(scratch));
    }
    record
}

/// One allocation, of the record's own size.
fn assemble(tag: u64, key: &Key, value: &[u8], expires: Option<Duration>) -> Vec<u8> {
    let mut record = Vec::with_capacity(HEAD + value.len() + TAIL);
    record.extend_from_slice(&MAGIC);
    record.push(VERSION);
    record.extend_from_slice(&tag.to_le_bytes());
    record.extend_from_slice(&expires.map_or(NEVER, millis).to_le_bytes());
    record.extend_from_slice(&(value.len() as u64).to_le_bytes());
    record.extend_from_slice(value);
    let checksum = checksum(key, &record);
    record.extend_from_slice(&checksum.to_le_bytes());
    record
}

/// What a record says of itself, checked, before its value is decoded.
///
/// It reads every byte once and allocates nothing.
///
/// # Errors
/// Where these are not the bytes of a record of this type, under this key, in this format, whole and unharmed.
pub fn open<'r, T>(
    codec: &Codec<T>,
    key: &Key,
    record: &'r [u8],
) -> Result<Sealed<'r, T>, EnvelopeError> {
    let codec = *codec;
    open_as((codec.type_name(), codec.schema()), key, record).map(|opened| Sealed { codec, opened })
}

/// [`open`] for a value whose type is forgotten.
pub(crate) fn open_as<'r>(
    ty: Type<'_>,
    key: &Key,
    record: &'r [u8],
) -> Result<Opened<'r>, EnvelopeError> {
    let mut rest = record;
    if take(&mut rest) != Some(MAGIC) {
        return Err(EnvelopeError::Foreign);
    }
    // Before anything else: what follows is this version's affair.
    match take(&mut rest) {
        Some([VERSION]) => {}
        Some([other]) => return Err(EnvelopeError::Version(other)),
        None => return Err(EnvelopeError::Truncated),
    }
    let mut number = || {
        take(&mut rest)
            .map(u64::from_le_bytes)
            .ok_or(EnvelopeError::Truncated)
    };
    let (tag, expires, length) = (number()?, number()?, number()?);
    let (value, sum) = rest.split_last_chunk().ok_or(EnvelopeError::Truncated)?;
    if (value.len() as u64) < length {
        return Err(EnvelopeError::Truncated);
    }
    let sealed = record.len() - TAIL;
    if value.len() as u64 != length || checksum(key, &record[..sealed]) != u64::from_le_bytes(*sum)
    {
        return Err(EnvelopeError::Damaged);
    }
    if tag != type_tag(ty) {
        return Err(EnvelopeError::Type);
    }
    Ok(Opened { expires, value })
}

/// What a checked record holds.
pub(crate) struct Opened<'r> {
    expires: u64,
    pub(crate) value: &'r [u8],
}

impl Opened<'_> {
    /// When it expires, since the Unix epoch; `None`: never.
    pub(crate) fn expires(&self) -> Option<Duration> {
        (self.expires != NEVER).then(|| Duration::from_millis(self.expires))
    }
}

/// A record that was checked, with its value still as bytes.
pub struct Sealed<'r, T> {
    codec: Codec<T>,
    opened: Opened<'r>,
}

impl<T> Sealed<'_, T> {
    /// When it expires, since the Unix epoch; `None`: never.
    pub fn expires(&self) -> Option<Duration> {
        self.opened.expires()
    }

    /// The value.
    ///
    /// # Errors
    /// [`EnvelopeError::Undecodable`]: the type has the name and the schema of the one that was sealed, and does not read it.
    pub fn value(&self) -> Result<T, EnvelopeError> {
        let decoded = self.codec.decode(self.opened.value);
        decoded.map_err(EnvelopeError::Undecodable)
    }
}

impl<T> fmt::Debug for Sealed<'_, T> {
    /// Without the value: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("expires", &self.expires())
            .field("length", &self.opened.value.len())
            .finish_non_exhaustive()
    }
}

/// Why bytes are not the record that was looked for: for its reader, the same as if there were none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// It begins like one, but its end is missing.
    Truncated,
    /// It is not a record of opero's.
    Foreign,
    /// It has the format of another version.
    Version(u8),
    /// Its value is of another type, or of the type as it was before its fields or variants changed.
    Type,
    /// Its checksum is wrong: it was changed, or is the record of another key.
    Damaged,
    /// Its value's bytes are not those of the type, although its name and its schema fingerprint are.
    Undecodable(CodecError),
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the record is cut short"),
            Self::Foreign => f.write_str("it is not a record of opero's"),
            Self::Version(version) => write!(
                f,
                "the record has format {version}, this version of opero reads {VERSION}"
            ),
            Self::Type => f.write_str(
                "the record holds a value of another type, or of the type before a change",
            ),
            Self::Damaged => f.write_str("the record is damaged, or belongs to another key"),
            Self::Undecodable(error) => write!(f, "the value does not decode: {error}"),
        }
    }
}

impl std::error::Error for EnvelopeError {}

/// A type's name and its schema fingerprint.
type Type<'n> = (&'n str, u64);

fn type_tag((name, schema): Type<'_>) -> u64 {
    xxh3_64_with_seed(name.as_bytes(), schema)
}

/// A seed takes 64 bits; the other half of the key goes in behind, so that no two keys open each other's records.
fn checksum(key: &Key, bytes: &[u8]) -> u64 {
    let key = key.as_u128();
    xxh3_64_with_seed(bytes, key as u64) ^ (key >> 64) as u64
}

fn millis(expires: Duration) -> u64 {
    u64::try_from(expires.as_millis()).unwrap_or(NEVER)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
