//! Arguments: hashed for a key, cloned for an attempt, moved into the only one, or kept for a
//! refresh.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opero_core::{Key, KeyHasher};

/// An argument that a key is made of.
#[diagnostic::on_unimplemented(
    message = "an argument of type `{Self}` is not `Hash`, so a cached function cannot be looked up by it",
    label = "not `Hash`",
    note = "derive `Hash`, or choose what identifies a call with `cache_key = |…| …`, or switch the cache off with `cache = false`",
    note = "for a generic type add the bounds `Clone + Hash + Send + Sync`"
)]
pub trait HashArgument {
    /// Hashes it.
    fn hash_into(&self, hasher: &mut KeyHasher);
}

#[diagnostic::do_not_recommend]
impl<A: Hash + ?Sized> HashArgument for A {
    #[inline]
    fn hash_into(&self, hasher: &mut KeyHasher) {
        self.hash(hasher);
    }
}

/// Hashes an argument of a cached function.
#[inline]
pub fn hash_argument<A: HashArgument + ?Sized>(argument: &A, hasher: &mut KeyHasher) {
    argument.hash_into(hasher);
}

/// A `self` that a key is made of.
#[diagnostic::on_unimplemented(
    message = "`self` is part of the key of a cached method, and `{Self}` is not `Hash`",
    label = "not `Hash`",
    note = "write `cache_key = |prompt| (self.tenant, prompt)`, with what tells instances and calls apart; a key without `self` is shared by all instances",
    note = "or derive `Hash` for `{Self}`, or switch the cache off with `cache = false`"
)]
pub trait HashSelf {
    /// Hashes it.
    fn hash_into(&self, hasher: &mut KeyHasher);
}

#[diagnostic::do_not_recommend]
impl<A: Hash + ?Sized> HashSelf for A {
    #[inline]
    fn hash_into(&self, hasher: &mut KeyHasher) {
        self.hash(hasher);
    }
}

/// Hashes the `self` of a cached method.
#[inline]
pub fn hash_self<A: HashSelf + ?Sized>(own: &A, hasher: &mut KeyHasher) {
    own.hash_into(hasher);
}

/// What a `cache_key` or a `rate_key` makes of the arguments.
#[diagnostic::on_unimplemented(
    message = "the key of type `{Self}` is not `Hash`",
    label = "this key is not `Hash`",
    note = "return something that is `Hash`, such as a number, a `&str` or a tuple of them"
)]
pub trait HashKey {
    /// Hashes it.
    fn hash_into(&self, hasher: &mut KeyHasher);
    /// Returns its key.
    fn key(&self) -> Key;
}

#[diagnostic::do_not_recommend]
impl<K: Hash + ?Sized> HashKey for K {
    #[inline]
    fn hash_into(&self, hasher: &mut KeyHasher) {
        self.hash(hasher);
    }

    fn key(&self) -> Key {
        Key::of(self)
    }
}

/// Hashes what `cache_key` returned.
#[inline]
pub fn hash_key<K: HashKey + ?Sized>(key: &K, hasher: &mut KeyHasher) {
    key.hash_into(hasher);
}

/// Returns the limiter's key.
pub fn rate_key<K: HashKey + ?Sized>(key: &K) -> Key {
    key.key()
}

/// An argument taken by value.
#[diagnostic::on_unimplemented(
    message = "an argument of type `{Self}` is taken by value, and every attempt needs its own",
    label = "not `Clone`",
    note = "derive `Clone`, or take it by reference or in an `Arc`; `retries = 0` is a way where nothing else asks for it again",
    note = "for a generic type add the bounds `Clone + Hash + Send + Sync`"
)]
pub trait CloneArgument: Sized {
    /// Clones it.
    fn clone_it(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<A: Clone> CloneArgument for A {
    #[inline]
    fn clone_it(&self) -> Self {
        self.clone()
    }
}

/// Returns an attempt's own copy of an argument.
#[inline]
pub fn clone_argument<A: CloneArgument>(argument: &A) -> A {
    argument.clone_it()
}

/// The type of an argument, which chooses whether it is cloned or moved:
/// `Passes::of(&argument).way()`.
#[derive(Debug)]
pub struct Passes<T>(PhantomData<fn() -> T>);

impl<T> Passes<T> {
    /// Returns the type of `argument`.
    pub const fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// The first choice.
pub trait PassClone: Sized {
    /// Passes it by cloning.
    fn way(self) -> ByClone {
        ByClone
    }
}

impl<T: Clone> PassClone for Passes<T> {}

/// The last choice.
pub trait PassMove: Sized {
    /// Passes it by moving.
    fn way(self) -> ByMove {
        ByMove
    }
}

impl<T> PassMove for &Passes<T> {}

/// An execution gets a clone.
#[derive(Debug)]
pub struct ByClone;

/// The one execution gets the argument itself.
#[derive(Debug)]
pub struct ByMove;

impl ByClone {
    /// Keeps an argument for its execution.
    #[inline]
    pub fn keep<T>(self, argument: T) -> Cloned<T> {
        Cloned(argument)
    }
}

impl ByMove {
    /// Keeps an argument for its execution.
    #[inline]
    pub fn keep<T>(self, argument: T) -> Moved<T> {
        Moved(Mutex::new(Some(argument)))
    }
}

/// An argument that is cloned.
pub struct Cloned<T>(T);

impl<T: Clone> Cloned<T> {
    /// Returns it for a key.
    #[inline]
    pub fn seen(&self) -> &T {
        &self.0
    }

    /// Clones it for an execution.
    #[inline]
    pub fn take(&self) -> T {
        self.0.clone()
    }
}

/// An argument that moves. A lock, since an attempt only has a reference to the arguments of its
/// call, which pass threads.
pub struct Moved<T>(Mutex<Option<T>>);

impl<T> Moved<T> {
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns it for a key, which is made before the execution.
    pub fn seen(&self) -> Seen<'_, T> {
        Seen(self.lock())
    }

    /// Moves it into the only execution.
    pub fn take(&self) -> T {
        let taken = self.lock().take();
        taken.unwrap_or_else(|| moved())
    }
}

/// An argument that has not moved yet.
pub struct Seen<'a, T>(MutexGuard<'a, Option<T>>);

impl<T> Deref for Seen<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().unwrap_or_else(|| moved())
    }
}

/// Is never reached: the attribute moves arguments only if no stage executes a call again.
#[cold]
fn moved() -> ! {
    unreachable!("a call without retries, fallback and stages of the user's was executed twice")
}

macro_rules! without_the_argument {
    ($($name:ident<$($lifetime:lifetime,)? T>),*) => {$(
        impl<$($lifetime,)? T> fmt::Debug for $name<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

without_the_argument!(Cloned<T>, Moved<T>, Seen<'a, T>);

/// A borrowed argument, to be kept: `Lent(argument).keep()`. By method resolution, as the adapters
/// are chosen.
#[derive(Debug)]
pub struct Lent<'a, T: ?Sized>(pub &'a T);

/// The first choice.
pub trait KeepOwned<T: ?Sized> {
    /// What is kept.
    type Owned: Borrow<T>;

    /// Keeps it.
    fn keep(self) -> Option<Kept<T, Self::Owned>>;
}

impl<T> KeepOwned<T> for Lent<'_, T>
where
    T: ToOwned + ?Sized,
    T::Owned: Send + Sync,
{
    type Owned = T::Owned;

    fn keep(self) -> Option<Kept<T, T::Owned>> {
        Some(Kept {
            owned: self.0.to_owned(),
            lent: PhantomData,
        })
    }
}

/// The last choice.
pub trait KeepNone: Sized {
    /// Returns `None`: the caller that finds a stale value refreshes it.
    fn keep(self) -> Option<NotKept> {
        None
    }
}

impl<T: ?Sized> KeepNone for &Lent<'_, T> {}

/// An argument of a call on its own.
pub struct Kept<T: ?Sized, O> {
    owned: O,
    lent: PhantomData<fn() -> Box<T>>,
}

#[cfg(feature = "map-process")]
impl<T: ?Sized, O> Kept<T, O> {
    /// An argument that was made here.
    pub(super) const fn new(owned: O) -> Self {
        Self {
            owned,
            lent: PhantomData,
        }
    }
}

impl<T: ?Sized, O: Borrow<T>> Kept<T, O> {
    /// Returns the argument as the function takes it.
    pub fn lend(&self) -> &T {
        self.owned.borrow()
    }
}

/// Without the argument: it may hold secrets.
impl<T: ?Sized, O> fmt::Debug for Kept<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(…)")
    }
}

/// An argument that cannot be kept; there is no value of this type. It does not name the argument's
/// type, which may borrow.
#[derive(Debug)]
pub struct NotKept(Infallible);

impl NotKept {
    /// Returns the argument as the function takes it.
    pub fn lend<T: ?Sized>(&self) -> &T {
        match self.0 {}
    }
}

/// Drops the result of a background call; the cache has it.
pub fn ignore<R>(_: R) {}
