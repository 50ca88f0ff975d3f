//! Demands on a function's types, with messages that say what to do.

use opero_core::{Error, Rejected};

use super::adapter::{Adapter, Plain, Transparent, Wrapped};

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

/// An error type that can say that a stage rejected the call.
#[diagnostic::on_unimplemented(
    message = "this can make a call be rejected, and the function's error type `{Self}` cannot say so",
    label = "with this a call can be rejected",
    note = "implement `From<opero::Rejected>` for `{Self}`, or return `Result<_, opero::Error<{Self}>>`",
    note = "rejected can be: an attempt by `attempt_timeout`, a wait by `rate_max_wait`, a cost by `rate_burst`, a call by a stage of yours, an empty `Vec` or slice of fallback values, a value that is only known at run time"
)]
pub trait TakesRejections: Sized {
    /// Converts the rejection into an error.
    fn from_rejected(rejected: Rejected) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<Rejected>> TakesRejections for E {
    fn from_rejected(rejected: Rejected) -> Self {
        rejected.into()
    }
}

/// Stands for `opero::Error<…>`, which takes every rejection by itself, in the bounds of a list of
/// fallback values.
#[derive(Debug)]
pub struct Anything(());

impl From<Rejected> for Anything {
    fn from(_: Rejected) -> Self {
        Self(())
    }
}

/// A return type that can hold a rejection.
#[diagnostic::on_unimplemented(
    message = "this can make a call be rejected, and the function does not return a `Result`",
    label = "with this a call can be rejected",
    note = "return `Result<_, opero::Error<E>>`, or a `Result` whose error implements `From<opero::Rejected>`",
    note = "rejected can be: an attempt by `attempt_timeout`, a wait by `rate_max_wait`, a cost by `rate_burst`, a call by a stage of yours, an empty `Vec` or slice of fallback values, a value that is only known at run time"
)]
pub trait HoldsRejections: Adapter {
    /// Converts the rejection into the function's result.
    fn rejected(rejected: Rejected) -> Self::Return;
}

/// An error type that can say that a backend rejected the call.
#[diagnostic::on_unimplemented(
    message = "a call is rejected where this backend does not open, and the function's error type `{Self}` cannot say so",
    label = "with this a call can be rejected",
    note = "its name or URL may be wrong, or `OPERO_REDIS_URL` not set; a limiter's server may also be away",
    note = "implement `From<opero::Rejected>` for `{Self}`, or return `Result<_, opero::Error<{Self}>>`"
)]
pub trait TakesBackendRejections: TakesRejections {}

#[diagnostic::do_not_recommend]
impl<E: From<Rejected>> TakesBackendRejections for E {}

/// A return type that can hold the rejection of a backend.
#[diagnostic::on_unimplemented(
    message = "a call is rejected where this backend does not open, and the function does not return a `Result`",
    label = "with this a call can be rejected",
    note = "its name or URL may be wrong, or `OPERO_REDIS_URL` not set; a limiter's server may also be away",
    note = "return `Result<_, opero::Error<E>>`, or a `Result` whose error implements `From<opero::Rejected>`"
)]
pub trait HoldsBackendRejections: HoldsRejections {}

impl<T, E> HoldsBackendRejections for Transparent<T, E> {}
impl<T, E: TakesBackendRejections> HoldsBackendRejections for Wrapped<T, E> {}

impl<T, E> HoldsRejections for Transparent<T, E> {
    fn rejected(rejected: Rejected) -> Self::Return {
        Err(Error::rejected(rejected))
    }
}

impl<T, E: TakesRejections> HoldsRejections for Wrapped<T, E> {
    fn rejected(rejected: Rejected) -> Self::Return {
        Err(E::from_rejected(rejected))
    }
}

macro_rules! about_errors {
    ($($trait:ident $message:tt)*) => {$(
        /// A return type with an error, as one parameter needs it: a trait of its own for the sake
        /// of its message.
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

/// The two halves of a `Result`, by projection, for signatures of functions whose result is written
/// as an alias.
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
