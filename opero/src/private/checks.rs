//! Demands on a function's types, with messages that say what to do.

use opero_core::{Error, Refused};

use super::Adapter;
use super::adapter::{Plain, Transparent, Wrapped};

/// An item that a map can hand from thread to thread.
#[cfg(feature = "map")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the item of a map, which goes from thread to thread: it has to be `Send` and `Sync`",
    label = "the items of this function are not `Send` and `Sync`",
    note = "take an `Arc` for an `Rc`, and a `Mutex` or an atomic for a `Cell`",
    note = "for a generic type add the bounds `Send + Sync`"
)]
pub trait MapItem: Send + Sync {}

#[cfg(feature = "map")]
#[diagnostic::do_not_recommend]
impl<I: Send + Sync> MapItem for I {}

/// A value that a map can hand from thread to thread.
#[cfg(feature = "map")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a result of a map, which goes from thread to thread: it has to be `Send`",
    label = "this result is not `Send`",
    note = "return an `Arc` for an `Rc`; for a generic type add the bound `Send`"
)]
pub trait MapValue: Send {}

#[cfg(feature = "map")]
#[diagnostic::do_not_recommend]
impl<T: Send> MapValue for T {}

/// An error that a map can hand from thread to thread.
#[cfg(feature = "map")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the error of a map's function, which goes from thread to thread: it has to be `Send`",
    label = "the error in this is not `Send`",
    note = "return a `Box<dyn Error + Send + Sync>` for a `Box<dyn Error>`; for a generic type add the bound `Send`"
)]
pub trait MapError: Send {}

#[cfg(feature = "map")]
#[diagnostic::do_not_recommend]
impl<E: Send> MapError for E {}

/// An error type that can say that a stage refused the call.
#[diagnostic::on_unimplemented(
    message = "this can make a call be refused, and the function's error type `{Self}` cannot say so",
    label = "with this a call can be refused",
    note = "implement `From<opero::Refused>` for `{Self}`, or return `Result<_, opero::Error<{Self}>>`",
    note = "refused can be: an attempt by `attempt_timeout`, a wait by `rate_max_wait`, a cost by `rate_burst`, a call by a stage of yours, an empty `Vec` or slice of fallback values, a value that is only known at run time"
)]
pub trait TakesRefusals: Sized {
    /// The refusal as an error.
    fn from_refused(refused: Refused) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<Refused>> TakesRefusals for E {
    fn from_refused(refused: Refused) -> Self {
        refused.into()
    }
}

/// Stands for `opero::Error<…>`, which takes every refusal by itself, in the bounds of a list of fallback values.
#[derive(Debug)]
pub struct Anything(());

impl From<Refused> for Anything {
    fn from(_: Refused) -> Self {
        Self(())
    }
}

/// A return type that can hold a refusal.
#[diagnostic::on_unimplemented(
    message = "this can make a call be refused, and the function does not return a `Result`",
    label = "with this a call can be refused",
    note = "return `Result<_, opero::Error<E>>`, or a `Result` whose error implements `From<opero::Refused>`",
    note = "refused can be: an attempt by `attempt_timeout`, a wait by `rate_max_wait`, a cost by `rate_burst`, a call by a stage of yours, an empty `Vec` or slice of fallback values, a value that is only known at run time"
)]
pub trait HoldsRefusals: Adapter {
    /// The refusal as the function's result.
    fn refused(refused: Refused) -> Self::Return;
}

/// An error type that can say that a backend refused the call.
#[diagnostic::on_unimplemented(
    message = "a call is refused where this backend does not open, and the function's error type `{Self}` cannot say so",
    label = "with this a call can be refused",
    note = "its name or URL may be wrong, or `OPERO_REDIS_URL` not set; a limiter's server may also be away",
    note = "implement `From<opero::Refused>` for `{Self}`, or return `Result<_, opero::Error<{Self}>>`"
)]
pub trait TakesBackendRefusals: TakesRefusals {}

#[diagnostic::do_not_recommend]
impl<E: From<Refused>> TakesBackendRefusals for E {}

/// A return type that can hold the refusal of a backend.
#[diagnostic::on_unimplemented(
    message = "a call is refused where this backend does not open, and the function does not return a `Result`",
    label = "with this a call can be refused",
    note = "its name or URL may be wrong, or `OPERO_REDIS_URL` not set; a limiter's server may also be away",
    note = "return `Result<_, opero::Error<E>>`, or a `Result` whose error implements `From<opero::Refused>`"
)]
pub trait HoldsBackendRefusals: HoldsRefusals {}

impl<T, E> HoldsBackendRefusals for Transparent<T, E> {}
impl<T, E: TakesBackendRefusals> HoldsBackendRefusals for Wrapped<T, E> {}

impl<T, E> HoldsRefusals for Transparent<T, E> {
    fn refused(refused: Refused) -> Self::Return {
        Err(Error::refused(refused))
    }
}

impl<T, E: TakesRefusals> HoldsRefusals for Wrapped<T, E> {
    fn refused(refused: Refused) -> Self::Return {
        Err(E::from_refused(refused))
    }
}

macro_rules! about_errors {
    ($($trait:ident $message:tt)*) => {$(
        /// A return type with an error, as one parameter needs it: a trait of its own for the sake of its message.
        #[diagnostic::on_unimplemented(
            message = $message,
            label = "nothing here can fail",
            note = "return a `Result`, or remove this"
        )]
        pub trait $trait {}

        impl<T, E> $trait for Transparent<T, E> {}
        impl<T, E> $trait for Wrapped<T, E> {}
    )*};
}

about_errors! {
    Retries "`retries` is about errors, and the function does not return a `Result`"
    RetryOn "`retry_on` is about errors, and the function does not return a `Result`"
    RetryAfter "`retry_after` is about errors, and the function does not return a `Result`"
    MaxElapsed "`max_elapsed` is about errors, and the function does not return a `Result`"
    ArgFallback "`arg_fallback` is about errors, and the function does not return a `Result`"
    FallbackOn "`fallback_on` is about errors, and the function does not return a `Result`"
    Fallback "`#[fallback(…)]` is about errors, and the function does not return a `Result`"
}

// Out of the macro above: the compiler shows these to the user, and would show the whole macro.

/// Demands a `Result` for the parameter `retries`.
pub const fn needs_result_for_retries<A: Retries + Copy>(_: &A) {}
/// Demands a `Result` for the parameter `retry_on`.
pub const fn needs_result_for_retry_on<A: RetryOn + Copy>(_: &A) {}
/// Demands a `Result` for the parameter `retry_after`.
pub const fn needs_result_for_retry_after<A: RetryAfter + Copy>(_: &A) {}
/// Demands a `Result` for the parameter `max_elapsed`.
pub const fn needs_result_for_max_elapsed<A: MaxElapsed + Copy>(_: &A) {}
/// Demands a `Result` for the parameter `arg_fallback`.
pub const fn needs_result_for_arg_fallback<A: ArgFallback + Copy>(_: &A) {}
/// Demands a `Result` for the parameter `fallback_on`.
pub const fn needs_result_for_fallback_on<A: FallbackOn + Copy>(_: &A) {}
/// Demands a `Result` for `#[fallback(…)]`.
pub const fn needs_result_for_fallback<A: Fallback + Copy>(_: &A) {}

/// The two halves of a `Result`, by projection, for signatures of functions whose result is written as an alias.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`, though its name ends in it",
    label = "the attribute reads a name that ends in `Result` as one",
    note = "return the type under a name that does not end in `Result`, as in `type Found = {Self};`, or return `Result<T, E>`"
)]
pub trait Outcome {
    /// The value.
    type Ok;
    /// The error.
    type Err;
}

impl<T, E> Outcome for Result<T, E> {
    type Ok = T;
    type Err = E;
}

/// `opero::Error`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` stands where the attribute reads `opero::Error`",
    note = "write the path of another error type out, as in `my_crate::Error<…>`"
)]
pub trait IsOperoError {}

impl<E> IsOperoError for Error<E> {}

/// Demands that what is written like `opero::Error` is it.
pub const fn is_opero_error<E: IsOperoError>() {}

/// Another `Result`, as tokens tell.
#[derive(Debug)]
pub struct ReadWrapped;
/// Not a `Result`, as tokens tell.
#[derive(Debug)]
pub struct ReadPlain;

/// The attribute reads a return type by its looks where it has to name the halves of it.
#[diagnostic::on_unimplemented(
    message = "this return type is not what it looks like, and the attribute has to name its halves",
    label = "write `Result<T, E>` or `Result<T, opero::Error<E>>` out here",
    note = "an alias of a `Result` must end in `Result` and must not hide `opero::Error`; the name of another type must not end so"
)]
pub trait ReadAs<Looks> {}

impl<T, E> ReadAs<ReadWrapped> for Wrapped<T, E> {}
impl<R> ReadAs<ReadPlain> for Plain<R> {}

/// Demands that the return type is what it looks like.
pub fn read_as<Looks, A: ReadAs<Looks>>(_: A) {}
