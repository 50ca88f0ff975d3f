//! What the scenarios share.

pub(crate) mod deeds;
pub(crate) mod feed;
pub(crate) mod hand;
pub(crate) mod hold;
pub(crate) mod watch;

/// Each scenario as a test in either mode: `fn name<const ASYNC: bool>()`.
macro_rules! in_both_modes {
    ($($(#[$attribute:meta])* $scenario:ident),* $(,)?) => {
        mod process {
            $(#[test] $(#[$attribute])* fn $scenario() { super::$scenario::<false>(); })*
        }
        mod async_process {
            $(#[test] $(#[$attribute])* fn $scenario() { super::$scenario::<true>(); })*
        }
    };
}
