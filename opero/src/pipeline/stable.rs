//! Calls whose results outlive the process.

use std::future::Future;

use opero_core::{Attempt, Error, operation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Pipeline, Place};

impl<E: Send + Sync, Outside, Inside> Pipeline<E, Outside, Inside> {
    /// [`call`](Self::call) for a cache that outlives the process: its result is kept under the bytes of `args`, the name of
    /// the pipeline ([`name`](super::PipelineBuilder::name)) and the path of the function that the closure stands in.
    ///
    /// Two closures in one function have one path: a pipeline of its own for each, or a part of `args`, tells them apart.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<std::num::ParseFloatError>::builder().name("my_app::half").build()?;
    /// let half = pipeline.call_stable_sync(&("84", 0.5), |_| Ok("84".parse::<f64>()? * 0.5)).unwrap();
    /// assert_eq!(half, 42.0);
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_stable<T, A, F, Fut>(&self, args: &A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        A: Serialize + Sync + ?Sized,
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        Outside: Place<T, E>,
        Inside: Place<T, E>,
    {
        self.execute(&operation(function).stable(args)).await
    }

    /// [`call_stable`](Self::call_stable) of a closure that is not async. Waits block the thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_stable_sync<T, A, F>(&self, args: &A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        A: Serialize + Sync + ?Sized,
        F: Fn(Attempt) -> Result<T, E> + Sync,
        Outside: Place<T, E>,
        Inside: Place<T, E>,
    {
        let function = &function;
        let operation = operation(move |attempt| async move { function(attempt) });
        self.execute_sync(&operation.stable(args))
    }
}
