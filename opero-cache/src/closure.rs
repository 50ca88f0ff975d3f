//! Calling a closure through a cache, by its arguments.

use std::future::Future;
use std::hash::Hash;

use opero_core::{Attempt, Error, Stage, operation};
#[cfg(feature = "bytes")]
use serde::{Serialize, de::DeserializeOwned};

use crate::cache::Cache;

impl Cache {
    /// Returns the result of `function` for `args`: looked up, or else computed and stored.
    ///
    /// The key is `args` together with the closure's own type, so two places in a program never share an entry; where
    /// they should, pass the same `fn` in both.
    ///
    /// ```
    /// use opero_cache::{Cache, CacheConfig};
    ///
    /// async fn length(word: &str) -> Result<usize, std::io::Error> {
    ///     Ok(word.len())
    /// }
    ///
    /// # opero_core::block_on(async {
    /// let cache = Cache::open(&"memory".into(), CacheConfig::default())?;
    /// for word in ["one", "three", "one"] {
    ///     cache.get_or_run(word, |_| length(word)).await?;
    /// }
    /// assert_eq!((cache.stats().misses, cache.stats().hits), (2, 1));
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// The function's own, which is not stored.
    pub async fn get_or_run<T, E, A, F, Fut>(&self, args: &A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        A: Hash + Sync + ?Sized,
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        self.execute(&operation(function).keyed(args)).await
    }

    /// [`get_or_run`](Self::get_or_run) for a synchronous function; waiting for another caller's result blocks the
    /// thread.
    ///
    /// # Errors
    /// The function's own, which is not stored.
    pub fn get_or_run_sync<T, E, A, F>(&self, args: &A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        A: Hash + Sync + ?Sized,
        F: Fn(Attempt) -> Result<T, E> + Sync,
    {
        let function = &function;
        let call = operation(move |attempt| async move { function(attempt) });
        self.execute_sync(&call.keyed(args))
    }

    /// [`get_or_run`](Self::get_or_run) on a store of records, such as a disk: arguments and value go through serde.
    ///
    /// The key is `name` and `args`, within the cache's namespace and function ([`CacheConfig`](crate::CacheConfig)). No
    /// other process could know a closure by its type, so `name` says which computation this is: two closures with one
    /// name share their results.
    ///
    /// # Errors
    /// The function's own, which is not stored.
    #[cfg(feature = "bytes")]
    pub async fn get_or_run_stable<T, E, A, F, Fut>(
        &self,
        name: &str,
        args: &A,
        function: F,
    ) -> Result<T, Error<E>>
    where
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
        E: Send,
        A: Serialize + Sync + ?Sized,
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        self.execute(&operation(function).stable(name, args)).await
    }

    /// [`get_or_run_stable`](Self::get_or_run_stable) for a synchronous function; waiting for another caller's result, or for
    /// a server, blocks the thread.
    ///
    /// # Errors
    /// The function's own, which is not stored.
    #[cfg(feature = "bytes")]
    pub fn get_or_run_stable_sync<T, E, A, F>(
        &self,
        name: &str,
        args: &A,
        function: F,
    ) -> Result<T, Error<E>>
    where
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
        E: Send,
        A: Serialize + Sync + ?Sized,
        F: Fn(Attempt) -> Result<T, E> + Sync,
    {
        let function = &function;
        let call = operation(move |attempt| async move { function(attempt) });
        self.execute_sync(&call.stable(name, args))
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use crate::{Cache, CacheConfig};

    fn cache() -> Cache {
        Cache::open(&"memory".into(), CacheConfig::default()).unwrap()
    }

    #[test]
    fn a_result_is_kept_under_the_arguments_and_an_error_is_not() {
        let cache = cache();
        let parse = |text: &str| cache.get_or_run_sync(text, |_| text.parse::<u32>());
        assert_eq!(parse("7").unwrap(), 7);
        assert_eq!(parse("7").unwrap(), 7);
        assert_eq!(parse("8").unwrap(), 8);
        assert!(parse("x").is_err());
        assert!(parse("x").is_err());
        let stats = cache.stats();
        assert_eq!((stats.misses, stats.hits), (4, 1));
    }

    #[test]
    fn two_closures_share_no_entry_and_one_function_does() {
        let cache = cache();
        let first = cache.get_or_run_sync(&1, |_| Ok::<_, ()>("first"));
        let second = cache.get_or_run_sync(&1, |_| Ok::<_, ()>("second"));
        assert_eq!((first.unwrap(), second.unwrap()), ("first", "second"));

        fn computed(_: opero_core::Attempt) -> Result<u8, ()> {
            Ok(1)
        }
        for _ in 0..2 {
            assert!(cache.get_or_run_sync(&2, computed).is_ok());
        }
        let again = cache.get_or_run_sync(&2, computed);
        assert_eq!((again.unwrap(), cache.stats().hits), (1, 2));
    }
}
