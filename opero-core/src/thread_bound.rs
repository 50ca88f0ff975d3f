//! Synchronous calls whose values and errors need not be `Send`: they stay on the thread that made them, and only the
//! mechanisms' future, which that thread drives by itself, is `Send` by its type.

use std::fmt;
use std::task::{self, Poll};
use std::time::Duration;

use fragile::Fragile;

use crate::{
    Arguments, Attempt, Call, CodecError, Context, Entry, Holds, Instant, LocalOutcome, Outcome,
    Rejected, SharedError,
};

/// A call of a synchronous function with its types forgotten. See [`SyncCall`](crate::SyncCall).
pub trait LocalCall {
    /// Executes an attempt.
    fn execute(&mut self, attempt: Attempt);

    /// What the call has come to so far.
    fn outcome(&self) -> &dyn LocalOutcome;

    /// What the call has come to so far.
    fn outcome_mut(&mut self) -> &mut dyn LocalOutcome;
}

/// A synchronous call on its way through the mechanisms, and its own [`Outcome`]. One type for all functions, so that
/// passing on what is asked is compiled once.
///
/// # Panics
/// On any thread but the one that made it; [`block_on`](crate::block_on) stays there.
pub struct ThreadBound<'c> {
    arguments: &'c dyn Arguments,
    call: Fragile<&'c mut dyn LocalCall>,
}

impl<'c> ThreadBound<'c> {
    /// `call`, which knows `arguments`, bound to this thread.
    pub fn new(arguments: &'c dyn Arguments, call: &'c mut dyn LocalCall) -> Self {
        Self {
            arguments,
            call: Fragile::new(call),
        }
    }
}

impl Call for ThreadBound<'_> {
    fn arguments(&self) -> &dyn Arguments {
        self.arguments
    }

    fn start(&mut self, _: &Context<'_>, attempt: Attempt) {
        self.call.get_mut().execute(attempt);
    }

    fn poll(&mut self, _: &mut task::Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn stop(&mut self) {}

    fn outcome(&mut self) -> &mut dyn Outcome {
        self
    }
}

macro_rules! pass_on {
    (
        &self { $($shared:ident($($name:ident: $type:ty),*) -> $result:ty;)* }
        &mut self { $($exclusive:ident($($own:ident: $own_type:ty),*) -> $own_result:ty;)* }
    ) => {
        #[deny(clippy::missing_trait_methods)]
        impl LocalOutcome for ThreadBound<'_> {
            $(fn $shared(&self, $($name: $type),*) -> $result {
                self.call.get().outcome().$shared($($name),*)
            })*
            $(fn $exclusive(&mut self, $($own: $own_type),*) -> $own_result {
                self.call.get_mut().outcome_mut().$exclusive($($own),*)
            })*
        }
    };
}

pass_on! {
    &self {
        is_ok() -> bool;
        rejection() -> Option<&Rejected>;
        last_attempt() -> Attempt;
        failed(failure: usize) -> Attempt;
        retry_on(failure: usize) -> bool;
        retry_after(failure: usize) -> Option<Duration>;
        fallback_on() -> bool;
        is_worth_keeping() -> bool;
        entry(expires: Option<Instant>) -> Option<Entry>;
        codec_type() -> Option<&'static str>;
        schema() -> u64;
        encode(out: &mut Vec<u8>) -> Result<(), CodecError>;
    }
    &mut self {
        failures() -> usize;
        holds() -> &mut Holds;
        reject(attempt: Attempt, rejected: Rejected) -> ();
        set_aside() -> ();
        drop_last() -> bool;
        take(entry: &Entry) -> bool;
        decode(bytes: &[u8]) -> Result<(), CodecError>;
        decode_outcome(attempt: Attempt, bytes: &[u8]) -> Result<(), CodecError>;
        share_error() -> Option<SharedError>;
        unshare_error(shared: &SharedError) -> bool;
    }
}

/// Without the arguments: they may hold secrets.
impl fmt::Debug for ThreadBound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadBound")
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::{DefaultPolicy, Error, Slot, SyncCall, Unkeyed, block_on};

    fn pass(mut call: ThreadBound<'_>) -> bool {
        call.start(&Context::blocking(), Attempt::FIRST);
        call.is_ok()
    }

    #[test]
    fn a_call_without_send_passes_as_one_with_it_on_its_thread_only() {
        let execute = |_| Ok::<_, Error<Rc<str>>>(Rc::new(7));
        let mut call = SyncCall::new(execute, Slot::new(&DefaultPolicy, None));
        fn is_send<S: Send>(future: S) -> S {
            future
        }
        let bound = ThreadBound::new(&Unkeyed, &mut call);
        assert!(block_on(is_send(async move { pass(bound) })));
        assert_eq!(*call.take_result().unwrap(), 7);
        let elsewhere = ThreadBound::new(&Unkeyed, &mut call);
        std::thread::scope(|scope| {
            assert!(scope.spawn(|| pass(elsewhere)).join().is_err());
        });
    }
}
