//! Is a type a reference, whatever it is called? No bytes become one, and the compiler, which finds the `Deserialize` of a
//! `&'static str` before it looks at lifetimes, would only say that it is "not general enough".

use std::marker::PhantomData;

/// A type, to ask for its kind: `Kind::<T>::new().kind()`. By method resolution: an inherent method before a trait's.
#[derive(Debug)]
pub struct Kind<T>(PhantomData<fn() -> T>);

impl<T> Kind<T> {
    /// Of this type.
    #[allow(clippy::new_without_default)] // A name of a type to ask a method of, and no value.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// A reference.
#[derive(Debug)]
pub struct Lasting<T>(PhantomData<fn() -> T>);

/// Anything else.
#[derive(Debug)]
pub struct Whole;

impl<'a, T: ?Sized> Kind<&'a T> {
    /// The first choice.
    pub const fn kind(self) -> Lasting<&'a T> {
        Lasting(PhantomData)
    }
}

/// The last choice.
pub trait KindAny: Sized {
    /// Not a reference.
    fn kind(self) -> Whole {
        Whole
    }
}

impl<T> KindAny for Kind<T> {}

/// What is no reference.
#[diagnostic::on_unimplemented(
    message = "what passes between processes or is recorded becomes bytes, and no bytes become a reference",
    label = "this is another name of a reference",
    note = "take or return an owned value, such as a `String`"
)]
pub trait IsOwned {}

impl IsOwned for Whole {}

/// Demands it.
pub fn is_owned<K: IsOwned>(_: K) {}
