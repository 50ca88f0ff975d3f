//! Arguments of a function whose calls execute it once at most: those that are not `Clone` move into that execution.
//! Which of the two happens is chosen by method resolution, as the adapters are.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The type of an argument, to ask for its way: `Passes::of(&argument).way()`.
#[derive(Debug)]
pub struct Passes<T>(PhantomData<fn() -> T>);

impl<T> Passes<T> {
    /// That of `argument`.
    pub const fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// The first choice.
pub trait PassClone: Sized {
    /// By cloning.
    fn way(self) -> ByClone {
        ByClone
    }
}

impl<T: Clone> PassClone for Passes<T> {}

/// The last choice.
pub trait PassMove: Sized {
    /// By moving.
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
    /// It, for a key.
    #[inline]
    pub fn seen(&self) -> &T {
        &self.0
    }

    /// It, for an execution.
    #[inline]
    pub fn take(&self) -> T {
        self.0.clone()
    }
}

/// An argument that moves. A lock, since an attempt only has a reference to the arguments of its call, which pass threads.
pub struct Moved<T>(Mutex<Option<T>>);

impl<T> Moved<T> {
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It, for a key, which is made before the execution.
    pub fn seen(&self) -> Seen<'_, T> {
        Seen(self.lock())
    }

    /// It, for the one execution.
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

/// Not reached: the attribute keeps arguments so only where no stage that is there executes a call again.
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
