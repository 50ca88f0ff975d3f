//! The same call once more on its own, to refresh what the cache serves meanwhile: with arguments that nobody has to hold
//! on to.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use opero_core::{Background, Key, KeyBytes};

use super::Adapter;
use super::instance::Instance;
use super::keys::{Encoded, MakeKey};
use super::recipe::Recipe;

/// A key, and a closure that calls the function again with arguments of its own.
#[derive(Debug, Clone, Copy)]
pub struct Renewing<K, G> {
    key: K,
    again: G,
}

impl<S, I, K, G> MakeKey<S, I> for Renewing<K, G>
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

impl<A: Adapter, S, I, B, K, Out, In, C> Recipe<A, S, I, B, K, Out, In, C> {
    /// A call that can be made again in the background, by `again`.
    #[inline]
    pub fn renewing<G>(self, again: G) -> Recipe<A, S, I, B, Renewing<K, G>, Out, In, C>
    where
        G: Fn(&S, &I) -> Option<Background> + Send + Sync,
    {
        self.map_key(|key| Renewing { key, again })
    }
}

/// A borrowed argument, to be kept: `Lent(argument).keep()`. By method resolution, as the adapters are chosen.
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
    /// It cannot be kept: whoever finds a stale value refreshes it himself.
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
    /// The argument, as the function takes it.
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

/// What there is none of. It says nothing of the argument's type, which may borrow.
#[derive(Debug)]
pub struct NotKept(Infallible);

impl NotKept {
    /// The argument, as the function takes it.
    pub fn lend<T: ?Sized>(&self) -> &T {
        match self.0 {}
    }
}

/// What becomes of the result of a call that nobody waits for: the cache has it.
pub fn ignore<R>(_: R) {}
