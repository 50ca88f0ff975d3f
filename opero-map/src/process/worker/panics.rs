//! A panic of the function is its outcome, with the place where it happened.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use super::super::wire::Panicked;

thread_local! {
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From here on the place of a panic is noted, before the program's own hook prints it.
pub(super) fn remember_locations() {
    let before = take_hook();
    set_hook(Box::new(move |info| {
        let location = info.location().map(ToString::to_string);
        let _ = LOCATION.try_with(|slot| slot.replace(location));
        before(info);
    }));
}

/// Runs `work`; a panic is an error.
pub(super) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Panicked {
        message: message(&*payload),
        location: LOCATION.try_with(RefCell::take).ok().flatten(),
    })
}

/// The panic's text, where it has one.
fn message(payload: &(dyn Any + Send)) -> String {
    crate::engine::panic_message(payload)
}
