//! Calls whose results outlive the process.

use std::future::Future;

use opero_core::{Attempt, Error, operation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Pipeline;
use crate::route::Places;

impl<E: Send + Sync, Outside, Inside> Pipeline<E, Outside, Inside> {
    /// [`call`](Self::call) for a cache that outlives the process: its result is kept under `name`
    /// and the bytes of `args`, within the namespace and the name of the pipeline
    /// ([`PipelineBuilder::name`](super::PipelineBuilder::name)).
    ///
    /// No other process could know a closure by its type, so `name` says which computation this is:
    /// two closures with one name share their results, and a name stays as it is when code moves.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<std::num::ParseFloatError>::builder().name("my_app").build()?;
    /// let half = pipeline.call_stable_sync("half", "84", |_| Ok("84".parse::<f64>()? * 0.5)).unwrap();
    /// assert_eq!(half, 42.0);
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_stable<T, A, F, Fut>(
        &self,
        name: &str,
        args: &A,
        function: F,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        A: Serialize + Sync + ?Sized,
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        (Outside, Inside): Places<T, E>,
    {
        self.execute(&operation(function).stable(name, args)).await
    }

    /// [`call_stable`](Self::call_stable) of a closure that is not async. Waits block the thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_stable_sync<T, A, F>(
        &self,
        name: &str,
        args: &A,
        function: F,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        A: Serialize + Sync + ?Sized,
        F: Fn(Attempt) -> Result<T, E> + Sync,
        (Outside, Inside): Places<T, E>,
    {
        let function = &function;
        let operation = operation(move |attempt| async move { function(attempt) });
        self.execute_sync(&operation.stable(name, args))
    }
}
