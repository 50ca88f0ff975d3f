//! Writes the code of a decorated function.
//!
//! Each module makes one part from a [`Decorated`](crate::decorated::Decorated) function;
//! [`builder`] calls them in the order of the generated code.

pub(crate) mod arguments;
mod body;
pub(crate) mod builder;
pub(crate) mod bytes;
mod expressions;
pub(crate) mod function;
pub(crate) mod handle;
mod key;
pub(crate) mod outcomes;
mod policy;
mod refresh;
pub(crate) mod result;
pub(crate) mod worker;
