//! What is done with arguments, with messages for those it cannot be done with.

use std::hash::Hash;

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
    /// Its key.
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

/// The limiter's key.
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

/// One attempt's own copy of an argument.
#[inline]
pub fn clone_argument<A: CloneArgument>(argument: &A) -> A {
    argument.clone_it()
}
