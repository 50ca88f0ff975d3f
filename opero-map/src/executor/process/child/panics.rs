//! Catches panics of the function, with their location.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use crate::executor::process::ipc::wire::Panicked;

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

/// Runs `work`; a panic is an error, and nothing unwinds from here.
pub(super) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let panicked = Panicked {
            message: crate::engine::item::panic_message(&*payload),
            location: LOCATION.try_with(RefCell::take).ok().flatten(),
        };
        crate::engine::item::discard(payload);
        panicked
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    struct Endless;
    impl Drop for Endless {
        fn drop(&mut self) {
            panic_any(Endless);
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_is_a_panic_like_others() {
        let caught = catch(|| panic_any(Endless));
        assert!(!caught.unwrap_err().message.is_empty());
    }
}
