//! A job as the attribute makes one: the function runs in workers, with a limited time, and again
//! where that may help.

use std::future::IntoFuture;
use std::time::Duration;

use opero_core::AttemptLimit;
use opero_core::stable::{OutcomeCodec, append};
use opero_map::process::WorkerFunction;
use opero_map::{
    ConfigError, Context, Error, IntoSource, Job, MapConfig, RejectedKind, RemoteFunction, Run,
    WaitMode,
};

use super::deeds::{self, Deed, Told};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Hand<const ASYNC: bool> {
    /// The time of one attempt.
    pub(crate) limit: Option<Duration>,
    /// How many more attempts there are.
    pub(crate) retries: u32,
    /// What runs, where it is not the [`deeds`].
    pub(crate) function: Option<WorkerFunction>,
}

impl<const ASYNC: bool> Hand<ASYNC> {
    /// No limit and one attempt.
    pub(crate) const PLAIN: Self = Self {
        limit: None,
        retries: 0,
        function: None,
    };

    /// A run of it in processes. Runs that are watched have a name of their own.
    pub(crate) fn over<C: IntoSource<Deed>>(
        self,
        name: &'static str,
        deeds: C,
    ) -> Run<C::Source, Self> {
        self.under(name, deeds, MapConfig::default())
    }

    /// The same with other parameters.
    pub(crate) fn under<C: IntoSource<Deed>>(
        self,
        name: &'static str,
        deeds: C,
        config: MapConfig,
    ) -> Run<C::Source, Self> {
        let mode = if ASYNC { "async_process" } else { "process" };
        Run::new(name, deeds.into_source(), self, config)
            .mode(mode)
            .workers(2)
            .progress(false)
    }
}

/// The results of a run: awaited on a runtime of one thread, or blocking.
pub(crate) fn results<S, const ASYNC: bool>(
    run: Run<S, Hand<ASYNC>>,
) -> Vec<Result<Told, Error<String>>>
where
    S: opero_map::Source<Item = Deed> + 'static,
{
    if !ASYNC {
        return run.run();
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(run.into_future())
}

/// Two hundred deeds that tell their number, but for number 50.
pub(crate) fn all_but_50(odd: &Deed) -> Vec<Deed> {
    let deed = |n| match n {
        50 => odd.clone(),
        _ => Deed::Tell(n),
    };
    (0..200).map(deed).collect()
}

/// Everything but item 50 was told, in order, and that has this rejection.
pub(crate) fn rejection_of_50(results: Vec<Result<Told, Error<String>>>) -> RejectedKind {
    assert_eq!(results.len(), 200);
    let mut rejection = None;
    for (n, result) in (0_u64..).zip(results) {
        match result {
            Ok(told) => assert_eq!(told.number, n),
            Err(error) => {
                assert_eq!(n, 50, "{error}");
                rejection = error.rejection().cloned();
            }
        }
    }
    rejection.unwrap().kind().clone()
}

impl<const ASYNC: bool> Job<Deed> for Hand<ASYNC> {
    type Output = Told;
    type Error = String;
    const WAIT_MODE: WaitMode = if ASYNC {
        WaitMode::Async
    } else {
        WaitMode::Blocking
    };

    fn remote(&self) -> Result<RemoteFunction, ConfigError> {
        let deeds = if ASYNC { deeds::ASYNC } else { deeds::BLOCKING };
        Ok(self.function.unwrap_or(deeds).remote())
    }

    async fn run(&self, cx: &Context<'_>, deed: Deed) -> Result<Told, Error<String>> {
        let transfer = |reason: &str| {
            Error::rejected(RejectedKind::Transfer {
                reason: reason.to_owned(),
            })
        };
        let remote = cx.remote().ok_or_else(|| transfer("no worker runs it"))?;
        let mut arguments = Vec::new();
        append(&deed, &mut arguments).map_err(|error| transfer(error.message()))?;
        let mut left = self.retries;
        loop {
            let limit = self.limit.map(AttemptLimit);
            let executed = remote.execute(arguments.clone(), limit).await;
            match executed.and_then(|executed| executed.outcome) {
                Ok(outcome) => {
                    let outcome = OutcomeCodec::postcard().decode(&outcome);
                    return outcome.map_err(|error| transfer(error.message()))?;
                }
                Err(rejected) if left > 0 && rejected.is_transient() => left -= 1,
                Err(rejected) => return Err(Error::rejected(rejected)),
            }
        }
    }
}
