//! How the arguments of a function make keys: one that means something in this process only,
//! quickly; or bytes that mean the same in every process.

use opero_core::{Arguments, Attempt, Background, CodecError, Key, KeyBytes, KeyHasher};

use super::function::Instance;
use crate::shell::{Cached, Uncached};

/// The result of making bytes of arguments. `None`: they cannot be.
pub type Encoded = Option<Result<(), CodecError>>;

/// Makes bytes of the arguments.
pub type Encode<S, I> = fn(&S, &I, &mut KeyBytes) -> Encoded;

/// Makes bytes of the arguments of an attempt.
pub type EncodeAttempt<S, I> = fn(&S, &I, Attempt, &mut KeyBytes) -> Encoded;

/// Makes a key of a function's arguments.
pub trait MakeKey<S, I>: Send + Sync {
    /// Through the cache, or past it.
    type Route;

    /// Returns the key of a call of the function whose body is `B`.
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key>;

    /// `whole`, where a stage may ask for more than numbers: then what is asked for is compiled,
    /// and else it is not.
    fn arguments<W: Arguments>(whole: &W) -> Option<&dyn Arguments> {
        Some(whole)
    }

    /// Appends what identifies a call of that instance of the function in every process.
    fn make_stable(&self, instance: Instance, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        let _ = (instance, shared, item, out);
        None
    }

    /// Whether something identifies an item in a record.
    const RECORDS: bool = false;

    /// Appends what identifies an item in a record.
    fn make_record(&self, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        let _ = (shared, item, out);
        None
    }

    /// Returns the same call with owned arguments, for the background.
    fn in_background(&self, shared: &S, item: &I) -> Option<Background> {
        let _ = (shared, item);
        None
    }
}

/// Not cached: there is no key.
#[derive(Debug, Clone, Copy)]
pub struct NoKey;

impl<S, I> MakeKey<S, I> for NoKey {
    type Route = Uncached;

    fn make<B>(&self, _: &S, _: &I) -> Option<Key> {
        None
    }

    #[inline]
    fn arguments<W: Arguments>(_: &W) -> Option<&dyn Arguments> {
        None
    }
}

/// A key of a call whose stages may ask for more beside it: for bytes for other processes, or for
/// the limiter of each fallback value.
#[derive(Debug, Clone, Copy)]
pub struct WithBytes<K>(pub(super) K);

#[deny(clippy::missing_trait_methods)]
impl<S, I, K: MakeKey<S, I>> MakeKey<S, I> for WithBytes<K> {
    type Route = K::Route;
    const RECORDS: bool = K::RECORDS;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key> {
        self.0.make::<B>(shared, item)
    }

    fn arguments<W: Arguments>(whole: &W) -> Option<&dyn Arguments> {
        Some(whole)
    }

    fn make_stable(&self, instance: Instance, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        self.0.make_stable(instance, shared, item, out)
    }

    fn make_record(&self, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        self.0.make_record(shared, item, out)
    }

    fn in_background(&self, shared: &S, item: &I) -> Option<Background> {
        self.0.in_background(shared, item)
    }
}

/// A closure that hashes the arguments.
#[derive(Debug, Clone, Copy)]
pub struct KeyOf<K>(pub(super) K);

impl<S, I, K: Fn(&S, &I, &mut KeyHasher) + Send + Sync> MakeKey<S, I> for KeyOf<K> {
    type Route = Cached;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key> {
        let mut hasher = KeyHasher::new::<B>();
        (self.0)(shared, item, &mut hasher);
        Some(hasher.key())
    }

    #[inline]
    fn arguments<W: Arguments>(_: &W) -> Option<&dyn Arguments> {
        None
    }
}

/// A closure that makes bytes of the arguments.
#[derive(Debug, Clone, Copy)]
pub struct StableKey<K>(pub(super) K);

impl<S, I, K> MakeKey<S, I> for StableKey<K>
where
    K: Fn(&S, &I, &mut KeyBytes) -> Result<(), CodecError> + Send + Sync,
{
    type Route = Cached;

    /// Asked for where the cache keeps no records, or by a stage of the user's: a hash of the same
    /// bytes.
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key> {
        let mut bytes = KeyBytes::new();
        (self.0)(shared, item, &mut bytes).ok()?;
        let mut hasher = KeyHasher::new::<B>();
        std::hash::Hasher::write(&mut hasher, bytes.as_bytes());
        Some(hasher.key())
    }

    fn make_stable(&self, instance: Instance, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        Some(match instance.append(out) {
            Ok(()) => (self.0)(shared, item, out),
            Err(error) => Err(error),
        })
    }
}

/// Two closures: one hashes the arguments, the other makes bytes of them if it can.
#[derive(Debug, Clone, Copy)]
pub struct ProbedKey<K, P> {
    pub(super) key: K,
    pub(super) stable: P,
}

impl<S, I, K, P> MakeKey<S, I> for ProbedKey<K, P>
where
    K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
    P: Fn(&S, &I, &mut KeyBytes) -> Encoded + Send + Sync,
{
    type Route = Cached;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key> {
        let mut hasher = KeyHasher::new::<B>();
        (self.key)(shared, item, &mut hasher);
        Some(hasher.key())
    }

    fn make_stable(&self, instance: Instance, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        match instance.append(out) {
            Ok(()) => (self.stable)(shared, item, out),
            Err(error) => Some(Err(error)),
        }
    }
}

/// A key, and a closure that calls the function again with arguments of its own.
#[derive(Debug, Clone, Copy)]
pub struct WithRefresh<K, G> {
    pub(super) key: K,
    pub(super) again: G,
}

impl<S, I, K, G> MakeKey<S, I> for WithRefresh<K, G>
where
    K: MakeKey<S, I>,
    G: Fn(&S, &I) -> Option<Background> + Send + Sync,
{
    type Route = K::Route;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key> {
        self.key.make::<B>(shared, item)
    }

    fn make_stable(&self, instance: Instance, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        self.key.make_stable(instance, shared, item, out)
    }

    fn in_background(&self, shared: &S, item: &I) -> Option<Background> {
        (self.again)(shared, item)
    }
}

/// The key of a call in a cache, and a closure that makes bytes of what identifies an item in a
/// record.
#[cfg(feature = "map-journal")]
#[derive(Debug, Clone, Copy)]
pub struct WithRecord<K, G> {
    pub(super) key: K,
    pub(super) record: G,
}

#[cfg(feature = "map-journal")]
impl<S, I, K, G> MakeKey<S, I> for WithRecord<K, G>
where
    K: MakeKey<S, I>,
    G: Fn(&S, &I, &mut KeyBytes) -> Encoded + Send + Sync,
{
    type Route = K::Route;
    const RECORDS: bool = true;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key> {
        self.key.make::<B>(shared, item)
    }

    fn arguments<W: Arguments>(whole: &W) -> Option<&dyn Arguments> {
        K::arguments(whole)
    }

    fn make_stable(&self, instance: Instance, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        self.key.make_stable(instance, shared, item, out)
    }

    fn make_record(&self, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        (self.record)(shared, item, out)
    }

    fn in_background(&self, shared: &S, item: &I) -> Option<Background> {
        self.key.in_background(shared, item)
    }
}
