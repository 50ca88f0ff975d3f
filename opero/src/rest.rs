//! What is left of a call after its first attempt: compiled for each pair of types that functions return, and not for each
//! function, which is a `dyn Target` here. It hands the call to [`Stages::run`], which is compiled once.

use std::future::Future;
use std::pin::{Pin, pin};

use opero_core::{
    Arguments, AsyncCall, Attempt, Background, CallPolicy, CodecError, ConfigError, Context, Error,
    Keeping, Key, KeyBytes, Limits, LocalCall, Slot, SyncCall,
};

use crate::fast_path::Needs;
use crate::order::{CacheUse, Rest, Stages};
use crate::shell::{Begun, Ending, Lift, Lookup, SyncTarget, Target, settle};

/// What a call knows of its arguments, in numbers.
pub(crate) struct Facts<'c> {
    key: Option<Key>,
    /// Of the preferred value.
    pub(crate) needs: Needs,
    whole: Option<&'c dyn Arguments>,
}

#[deny(clippy::missing_trait_methods)]
impl Arguments for Facts<'_> {
    fn key(&self) -> Option<Key> {
        self.key.or_else(|| self.whole?.key())
    }

    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        self.whole?.stable_key(out)
    }

    fn in_background(&self) -> Option<Background> {
        self.whole?.in_background()
    }

    fn fallback_values(&self) -> usize {
        self.needs.fallback_values
    }

    fn rate_key(&self, attempt: Attempt) -> Option<Key> {
        match self.whole {
            Some(whole) if attempt.fallback_index > 0 => whole.rate_key(attempt),
            _ => self.needs.rate_key,
        }
    }

    fn stable_rate_key(
        &self,
        attempt: Attempt,
        out: &mut KeyBytes,
    ) -> Option<Result<(), CodecError>> {
        self.whole?.stable_rate_key(attempt, out)
    }

    fn cost(&self, attempt: Attempt) -> u32 {
        match self.whole {
            Some(whole) if attempt.fallback_index > 0 => whole.cost(attempt),
            _ => self.needs.cost,
        }
    }

    fn encode(&self, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        match self.whole {
            Some(whole) => whole.encode(attempt, out),
            None => Err(CodecError::new("the function does not run in workers")),
        }
    }
}

/// A future of one type for all functions that return the same.
pub(crate) type Boxed<'f, R> = Pin<Box<dyn Future<Output = R> + Send + 'f>>;

/// Makes an attempt. Not `dyn Fn`, for which the compiler makes three more functions for each closure.
pub(crate) trait Make<M>: Send + Sync {
    /// Makes it.
    fn make(&self, limits: Limits, attempt: Attempt) -> M;
}

impl<M, F: Fn(Limits, Attempt) -> M + Send + Sync> Make<M> for F {
    fn make(&self, limits: Limits, attempt: Attempt) -> M {
        self(limits, attempt)
    }
}

/// A call whose function is forgotten, but not its types.
pub(crate) struct TypedCall<'f, T, E, P, R, M> {
    pub(crate) stages: Result<&'f Stages, &'f ConfigError>,
    pub(crate) arguments: Facts<'f>,
    pub(crate) policy: P,
    pub(crate) keeping: Option<Keeping<T>>,
    pub(crate) cache: CacheUse,
    /// Makes an attempt.
    pub(crate) make: &'f (dyn Make<M> + 'f),
    pub(crate) lift: Lift<R, T, E>,
}

/// What of a function the rest of a call takes along.
#[derive(Debug)]
pub struct Known<T, E, R> {
    pub(crate) keeping: Option<Keeping<T>>,
    pub(crate) cache: CacheUse,
    /// Makes a result of what the function returned.
    pub(crate) lift: Lift<R, T, E>,
}

impl<T, E, R> Known<T, E, R> {
    /// That of a call by the route `L`.
    pub(crate) const fn by<L: Lookup<T>>(lift: Lift<R, T, E>) -> Self {
        Self {
            keeping: L::KEEPING,
            cache: L::CACHE,
            lift,
        }
    }
}

/// Any target with these types.
pub(crate) type AnyTarget<'f, I, T, E, P, R> =
    dyn Target<Item = I, Value = T, Error = E, Policy = P, Returned = R> + 'f;

pub(crate) fn typed<'f, I, T, E, P, R, M>(
    target: &'f AnyTarget<'f, I, T, E, P, R>,
    item: &'f I,
    arguments: Option<&'f dyn Arguments>,
    known: Known<T, E, R>,
    key: Option<Key>,
    make: &'f (dyn Make<M> + 'f),
) -> TypedCall<'f, T, E, P, R, M>
where
    I: Send + Sync,
    P: CallPolicy<T, E>,
{
    TypedCall {
        stages: target.stages(),
        arguments: Facts {
            key,
            needs: target.needs(item, Attempt::FIRST),
            whole: arguments,
        },
        policy: target.policy(),
        keeping: known.keeping,
        cache: known.cache,
        make,
        lift: known.lift,
    }
}

/// What is left of an async call, in one box. `first` is what its first attempt came to, if that has run.
#[cold]
pub(crate) fn run<'f, T, E, P, R, D>(
    call: TypedCall<'f, T, E, P, R, Boxed<'f, R>>,
    cx: Option<&'f Context<'f>>,
    ending: D,
    first: Option<Result<T, Error<E>>>,
    begun: Begun<'f>,
) -> Boxed<'f, D::Output>
where
    T: Send + 'f,
    E: Send + 'f,
    P: CallPolicy<T, E> + 'f,
    R: 'f,
    D: Ending<T, E> + 'f,
{
    // Outside the block, which would keep both. It is small, since the calls that follow another one wait in it.
    let rest = Rest::of(call.cache, first.is_some(), begun);
    Box::pin(async move {
        let make = |cx: &Context<'_>, attempt| call.make.make(cx.limits(), attempt);
        let running = pin!(None);
        let slot = call.slot(D::HOLDS_HISTORY, first);
        let mut attempts = AsyncCall::new(&call.arguments, make, call.lift, running, slot);
        let needs = &call.arguments.needs;
        Stages::run_rest(call.stages, cx, needs, &mut attempts, rest).await;
        loop {
            if let Some(output) = ending.result(attempts.take_result()) {
                return output;
            }
            // The honest way out of a rejection that the return type cannot hold is the function's own answer.
            Stages::run_bare(&mut attempts).await;
        }
    })
}

/// What a synchronous call comes to, whose first attempt has returned if it ran here. Compiled for each pair of types.
#[expect(
    clippy::too_many_arguments,
    reason = "a struct of them would be filled in each function's shell"
)]
pub(crate) fn finish<I, T, E, P, R, D>(
    target: &dyn SyncTarget<Item = I, Value = T, Error = E, Policy = P, Returned = R>,
    item: &I,
    arguments: Option<&dyn Arguments>,
    known: Known<T, E, R>,
    cx: Option<&Context<'_>>,
    ending: D,
    returned: Option<R>,
    begun: Begun<'_>,
) -> D::Output
where
    I: Send + Sync,
    P: CallPolicy<T, E>,
    D: Ending<T, E>,
{
    let mut first = None;
    if begun.runs_here {
        match settle(returned, known.lift, &begun, ending) {
            Ok(output) => return output,
            Err(result) => first = Some(result),
        }
    }
    let make = |_, attempt| target.execute_sync(item, attempt);
    let call = typed(target, item, arguments, known, begun.key, &make);
    run_sync(call, cx, ending, first, begun)
}

/// What is left of a synchronous call.
#[cold]
#[inline(never)]
fn run_sync<T, E, P, R, D>(
    call: TypedCall<'_, T, E, P, R, R>,
    cx: Option<&Context<'_>>,
    ending: D,
    first: Option<Result<T, Error<E>>>,
    begun: Begun<'_>,
) -> D::Output
where
    P: CallPolicy<T, E>,
    D: Ending<T, E>,
{
    let rest = Rest::of(call.cache, first.is_some(), begun);
    let execute = |attempt| (call.lift)(call.make.make(Limits::NONE, attempt));
    let mut attempts = SyncCall::new(execute, call.slot(D::HOLDS_HISTORY, first));
    Stages::run_blocking(call.stages, cx, &call.arguments, &mut attempts, rest);
    loop {
        if let Some(output) = ending.result(attempts.take_result()) {
            return output;
        }
        // As in `run`.
        attempts.execute(Attempt::FIRST);
    }
}

impl<T, E, P: CallPolicy<T, E>, R, M> TypedCall<'_, T, E, P, R, M> {
    /// The place of the call's outcome, with what its first attempt came to.
    fn slot(&self, keeps_history: bool, first: Option<Result<T, Error<E>>>) -> Slot<'_, T, E> {
        let mut slot = Slot::new(&self.policy, self.keeping).with_history(keeps_history);
        if let Some(result) = first {
            slot.put(Attempt::FIRST, result);
        }
        slot
    }
}
