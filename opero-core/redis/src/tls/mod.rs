//! `rediss://`.

#[cfg(not(feature = "tls"))]
mod disabled;
#[cfg(feature = "tls")]
mod enabled;

#[cfg(not(feature = "tls"))]
pub(crate) use disabled::prepare;
#[cfg(feature = "tls")]
pub(crate) use enabled::prepare;

/// TLS is not built in.
pub(crate) struct Missing;
