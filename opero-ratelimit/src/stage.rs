//! The stage around an operation, and how a call comes by its permits.

use std::num::NonZeroU32;
use std::pin::pin;
use std::time::Duration;

use opero_core::clock::timeout;
use opero_core::mechanism::pass_through;
use opero_core::{
    Arguments, Attempt, BackendError, ConfigError, Context, Error, Event, Instant, Key, Mechanism,
    Next, Operation, Rejected, RejectedKind, Stage,
};

use crate::policy::WaitBudget;
use crate::queue::{Position, Request};
use crate::{RateLimit, Verdict};

impl RateLimit {
    /// Takes the permits of a call that costs `cost`, if they are there at once and no other call waits for any.
    ///
    /// `key` is one within this process. A keyed call to a limiter that is [shared](Self::is_shared) has another one, so it
    /// is never admitted here, and has to pass the whole stage.
    #[inline]
    pub fn admits(&self, key: Option<Key>, cost: u32) -> bool {
        let is_known = key.is_none() || !self.is_shared();
        is_known && NonZeroU32::new(cost).is_none_or(|cost| self.admits_some(key, cost))
    }

    /// Returns `true` if the limiter counts for other processes too.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The key of the limiter that an attempt draws from.
    fn key_of(
        &self,
        arguments: &dyn Arguments,
        attempt: Attempt,
    ) -> Result<Option<Key>, ConfigError> {
        match &self.shared {
            None => Ok(arguments.rate_key(attempt)),
            Some(keys) => keys.of(arguments, attempt),
        }
    }

    #[inline]
    fn admits_some(&self, key: Option<Key>, cost: NonZeroU32) -> bool {
        cost <= self.quota.burst
            && self.queues.is_empty()
            && self.backend.try_acquire(key, cost) == Verdict::Admitted
    }

    /// Waits for `cost` permits, and tells the observers where that was more than a glance.
    #[inline]
    pub(crate) async fn permit(
        &self,
        cx: &Context<'_>,
        key: Option<Key>,
        cost: u32,
    ) -> Result<(), Rejected> {
        let Some(cost) = NonZeroU32::new(cost) else {
            return Ok(());
        };
        if self.admits_some(key, cost) {
            return Ok(());
        }
        // Boxed, so that calls that need not wait are not as large as those that do.
        match Box::pin(self.queue_up(cx, key, cost)).await {
            Ok(waited) => {
                if !waited.is_zero() {
                    cx.emit(Event::PermitWaited { waited });
                }
                Ok(())
            }
            Err(kind) => {
                cx.emit(Event::Rejected { kind: &kind });
                Err(kind.into())
            }
        }
    }

    /// The slow path; returns the time spent in the queue.
    async fn queue_up(
        &self,
        cx: &Context<'_>,
        key: Option<Key>,
        cost: NonZeroU32,
    ) -> Result<Duration, RejectedKind> {
        let burst = self.quota.burst.get();
        if cost.get() > burst {
            let cost = cost.get();
            return Err(RejectedKind::RateCost { cost, burst });
        }
        let arrived = self.clock.now();
        let mut told = None;
        let mut outage = Outage::default();
        if !self.queues.occupied(key) {
            match self.ask(cx, key, cost, arrived, &mut outage).await? {
                Some(wait) => told = Some(wait),
                None => return Ok(Duration::ZERO),
            }
        }
        let request = Request {
            key,
            cost: cost.get(),
            now: self.clock.now(),
            max_wait: self.max_wait.into_iter().chain(left_of(cx)).min(),
            told,
        };
        let position = self
            .queues
            .join(&request)
            .map_err(|needed| match self.max_wait {
                Some(limit) if needed > limit => RejectedKind::RateWait { needed, limit },
                _ => elapsed(cx, needed),
            })?;
        self.turn(cx, &position, arrived).await?;
        // What the limiter said on arrival is out of date for a call that had others ahead.
        let told = told.filter(|_| position.head());
        let waited = {
            let asking = self.ask_in_turn(cx, &position, cost, (arrived, told), &mut outage);
            position.watched(pin!(asking)).await?
        };
        position.admitted(arrived + waited);
        Ok(waited)
    }

    /// Waits for the turn of `position`, and no longer than the call may.
    async fn turn(
        &self,
        cx: &Context<'_>,
        position: &Position<'_>,
        arrived: Instant,
    ) -> Result<(), RejectedKind> {
        // Found short enough on arrival, a wait may become a little longer, with the late timers of others.
        let late = match position.forecast_known() {
            true => LATE,
            false => Duration::ZERO,
        };
        loop {
            let Some(left) = self.left(cx, arrived, late) else {
                position.turn().await;
                return Ok(());
            };
            if timeout(left, position.turn()).await.is_some() {
                return Ok(());
            }
            // The limits may be of another clock than the timeout.
            if self
                .left(cx, arrived, late)
                .is_some_and(|left| left.is_zero())
            {
                return Err(self.out_of_time(cx, arrived, position.needed(self.clock.now())));
            }
        }
    }

    /// Asks as the head, until the permits are there. Returns the time since `arrived`.
    async fn ask_in_turn(
        &self,
        cx: &Context<'_>,
        position: &Position<'_>,
        cost: NonZeroU32,
        (arrived, mut told): (Instant, Option<Duration>),
        outage: &mut Outage,
    ) -> Result<Duration, RejectedKind> {
        let mut budget = WaitBudget::new(self.max_wait, position.forecast_known());
        loop {
            // It may have passed in the queue, or with a timer that woke late.
            in_time(cx, Duration::ZERO)?;
            let answer = match told.take() {
                Some(wait) => Some(wait),
                None => self.ask(cx, position.key(), cost, arrived, outage).await?,
            };
            let now = self.clock.now();
            let waited = now.since(arrived);
            let Some(wait) = answer else {
                return Ok(waited);
            };
            budget.spend(waited, wait)?;
            in_time(cx, wait)?;
            position.put_off(now, wait);
            // On the limiter's own clock: only that one says when the permits are there.
            let own = Context::new(&*self.clock, cx.wait_mode());
            own.sleep(wait.min(LONGEST_SLEEP)).await;
        }
    }

    /// How long the call may still wait: until its deadline, and until `late` after its longest wait.
    fn left(&self, cx: &Context<'_>, arrived: Instant, late: Duration) -> Option<Duration> {
        let waited = self.clock.now().since(arrived);
        let limit = self.max_wait.map(|limit| limit.saturating_add(late));
        let left = limit.map(|limit| limit.saturating_sub(waited));
        left.into_iter().chain(left_of(cx)).min()
    }

    /// Why a call ends that may not wait any longer. `needed`: how long its permits still take, as far as known.
    fn out_of_time(
        &self,
        cx: &Context<'_>,
        arrived: Instant,
        needed: Option<Duration>,
    ) -> RejectedKind {
        let needed = needed.unwrap_or_default();
        match self.max_wait {
            Some(limit) if left_of(cx).is_none_or(|left| !left.is_zero()) => {
                let waited = self.clock.now().since(arrived);
                let needed = waited.saturating_add(needed);
                RejectedKind::RateWait { needed, limit }
            }
            _ => elapsed(cx, needed),
        }
    }

    /// Asks the backend for permits. `None`: they are taken; otherwise how long they take.
    async fn ask(
        &self,
        cx: &Context<'_>,
        key: Option<Key>,
        cost: NonZeroU32,
        arrived: Instant,
        outage: &mut Outage,
    ) -> Result<Option<Duration>, RejectedKind> {
        let verdict = match self.backend.try_acquire(key, cost) {
            Verdict::NeedsAsync => {
                let asked = self.backend.acquire(key, cost);
                match self.left(cx, arrived, LATE) {
                    None => asked.await,
                    Some(left) => match timeout(left, asked).await {
                        Some(answer) => answer,
                        None => return Err(self.out_of_time(cx, arrived, None)),
                    },
                }
            }
            known => Ok(known),
        };
        let error = match verdict {
            Ok(Verdict::Admitted) => return Ok(None),
            Ok(Verdict::Wait(wait)) => return Ok(Some(wait)),
            Ok(Verdict::NeedsAsync) => BackendError::new("it gave no answer"),
            Err(error) => error,
        };
        outage.tell(cx, self.backend.scheme(), &error);
        match self.backend.on_unavailable(key, cost) {
            Some(Verdict::Admitted) => Ok(None),
            Some(Verdict::Wait(wait)) => Ok(Some(wait)),
            _ if self.fail_open => Ok(None),
            _ => Err(RejectedKind::RateBackend {
                reason: error.message().to_owned(),
            }),
        }
    }
}

/// Whether this call found the backend unreachable. The observers are told once for each call, however often it asks.
#[derive(Default)]
struct Outage {
    told: bool,
}

impl Outage {
    #[cold]
    fn tell(&mut self, cx: &Context<'_>, backend: &str, error: &BackendError) {
        if !std::mem::replace(&mut self.told, true) {
            let reason = error.message();
            cx.emit(Event::LimiterUnavailable { backend, reason });
        }
    }
}

#[cold]
fn misconfigured(cx: &Context<'_>, error: ConfigError) -> Rejected {
    let kind = RejectedKind::Config(error);
    cx.emit(Event::Rejected { kind: &kind });
    kind.into()
}

/// The time until the call's deadline.
fn left_of(cx: &Context<'_>) -> Option<Duration> {
    cx.deadline().map(|deadline| deadline.since(cx.now()))
}

/// Returns `true` if the call may still start after another `wait`.
fn in_time(cx: &Context<'_>, wait: Duration) -> Result<(), RejectedKind> {
    match cx.deadline() {
        Some(deadline) if cx.now() + wait > deadline => Err(elapsed(cx, wait)),
        _ => Ok(()),
    }
}

fn elapsed(cx: &Context<'_>, needed: Duration) -> RejectedKind {
    let left = left_of(cx).unwrap_or_default();
    RejectedKind::Elapsed { needed, left }
}

/// How much longer than `rate_max_wait` a wait may become that was found short enough on arrival.
const LATE: Duration = Duration::from_millis(100);

/// Timers overflow on waits of centuries; who sleeps this long asks again.
const LONGEST_SLEEP: Duration = Duration::from_secs(86_400);

impl<T: Send, E: Send> Stage<T, E> for RateLimit {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        pass_through(self, cx, attempt, &next, None).await
    }
}

impl Mechanism for RateLimit {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        let (key, cost) = {
            let arguments = next.arguments();
            (self.key_of(arguments, attempt), arguments.cost(attempt))
        };
        let permit = match key {
            Ok(key) => self.permit(cx, key, cost).await,
            Err(error) => Err(misconfigured(cx, error)),
        };
        match permit {
            Ok(()) => next.attempt(cx, attempt).await,
            Err(rejected) => next.outcome().reject(attempt, rejected),
        }
    }
}
