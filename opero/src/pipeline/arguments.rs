//! What a pipeline makes of the arguments of its calls: keys, costs and fallback values.

use std::any::{Any, TypeId, type_name};
use std::hash::Hash;
use std::sync::Arc;

use opero_core::{ConfigError, FnOperation, Key, operation};

use super::PipelineBuilder;

/// What the user said of arguments of one type. Asked through `dyn Any`, so that the pipeline's
/// type stays nameable.
#[derive(Clone, Default)]
pub(super) struct ArgumentHooks {
    of: Option<ArgumentType>,
    /// A hook for arguments of another type than an earlier one.
    conflict: Option<ConfigError>,
    cache_key: Option<Hook<Key>>,
    #[cfg(feature = "serde")]
    stable_cache_key: Option<StableKey>,
    /// The operation has the limiter's key and nothing else.
    rate_key: Option<Hook<FnOperation<()>>>,
    rate_cost: Option<Hook<u32>>,
    fallback: Option<Fallback>,
}

/// `None` for arguments of another type, which [`ArgumentHooks::check`] has rejected before.
type Hook<R> = Arc<dyn Fn(&dyn Any) -> Option<R> + Send + Sync>;

#[cfg(feature = "serde")]
type StableKey = Arc<
    dyn Fn(&dyn Any, &str, &mut opero_core::KeyBytes) -> Option<Result<(), opero_core::CodecError>>
        + Send
        + Sync,
>;

#[derive(Clone, Copy)]
struct ArgumentType {
    parameter: &'static str,
    id: TypeId,
    name: &'static str,
}

type Setter = Arc<dyn Fn(&mut dyn Any, usize) + Send + Sync>;

#[derive(Clone)]
struct Fallback {
    values: usize,
    set: Setter,
}

impl ArgumentHooks {
    /// Checks that the hooks go together.
    pub(super) fn build(&self) -> Result<(), ConfigError> {
        match &self.conflict {
            Some(conflict) => Err(conflict.clone()),
            None => Ok(()),
        }
    }

    /// Checks that arguments of type `A` are those that the hooks know; `None` stands for arguments
    /// that are not seen.
    pub(super) fn check(&self, arguments: Option<TypeId>) -> Result<(), ConfigError> {
        match self.of {
            Some(of) if arguments != Some(of.id) => Err(of.misses()),
            _ => Ok(()),
        }
    }

    pub(super) fn cache_key(&self, arguments: &dyn Any) -> Option<Key> {
        self.cache_key.as_ref()?(arguments)
    }

    #[cfg(feature = "serde")]
    pub(super) fn stable_cache_key(
        &self,
        arguments: &dyn Any,
        name: &str,
        out: &mut opero_core::KeyBytes,
    ) -> Option<Result<(), opero_core::CodecError>> {
        if self.cache_key.is_some() && self.stable_cache_key.is_none() {
            let lacks = "`cache_key` is a key of this process only: use `stable_cache_key`";
            return Some(Err(opero_core::CodecError::new(lacks)));
        }
        self.stable_cache_key.as_ref()?(arguments, name, out)
    }

    pub(super) fn rate_key(&self, arguments: &dyn Any) -> Option<FnOperation<()>> {
        self.rate_key.as_ref()?(arguments)
    }

    pub(super) fn cost(&self, arguments: &dyn Any) -> u32 {
        let cost = self.rate_cost.as_ref().and_then(|cost| cost(arguments));
        cost.unwrap_or(1)
    }

    pub(super) fn values(&self) -> Option<usize> {
        Some(self.fallback.as_ref()?.values)
    }

    /// Puts the fallback value of that index into the arguments.
    pub(super) fn put_value(&self, arguments: &mut dyn Any, index: usize) {
        if let Some(fallback) = &self.fallback {
            (fallback.set)(arguments, index);
        }
    }

    /// Notes that the hook of that name is for arguments of type `A`.
    fn of<A: 'static>(&mut self, parameter: &'static str) {
        let id = TypeId::of::<A>();
        match self.of {
            Some(of) if of.id != id => {
                self.conflict.get_or_insert_with(|| {
                    let (first, name) = (of.parameter, type_name::<A>());
                    ConfigError::new(
                        parameter,
                        format!(
                            "takes arguments of type `{name}`, and `{first}` those of type `{}`",
                            of.name
                        ),
                        "give both the same type, or build a pipeline for each",
                    )
                });
            }
            Some(_) => {}
            None => {
                let name = type_name::<A>();
                self.of = Some(ArgumentType {
                    parameter,
                    id,
                    name,
                });
            }
        }
    }
}

impl ArgumentType {
    #[cold]
    fn misses(&self) -> ConfigError {
        ConfigError::new(
            self.parameter,
            format!(
                "takes arguments of type `{}`, and this call does not hand the pipeline such",
                self.name
            ),
            "call with arguments of that type: `call_owned`, `call_owned_sync`, `map_owned` or `map_owned_async`",
        )
    }
}

/// A hook over arguments of type `A`.
fn hook<A: 'static, R>(ask: impl Fn(&A) -> R + Send + Sync + 'static) -> Hook<R> {
    Arc::new(move |arguments| arguments.downcast_ref().map(&ask))
}

/// What is made of the arguments of a call. These pipelines are called with arguments of their own
/// type `A` ([`call_owned`](super::Pipeline::call_owned) and its kin); another call is rejected
/// with an error that says so.
impl<E, Outside, Inside> PipelineBuilder<E, Outside, Inside> {
    /// What identifies a call in the cache (default all of its arguments): a value that is made of
    /// them, for what does not change the result.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<String>::builder()
    ///     .cache_key(|(page, _token): &(u32, String)| *page)
    ///     .build()?;
    /// let fetch = |(page, token): &(u32, String), _| Ok(format!("page {page} for {token}"));
    /// let first = pipeline.call_owned_sync((7, "anna".into()), fetch);
    /// let second = pipeline.call_owned_sync((7, "bert".into()), fetch);
    /// assert_eq!(first.unwrap(), second.unwrap());
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    #[must_use]
    pub fn cache_key<A: 'static, K: Hash>(
        mut self,
        key: impl Fn(&A) -> K + Send + Sync + 'static,
    ) -> Self {
        self.arguments.of::<A>("cache_key");
        self.arguments.cache_key = Some(hook(move |args: &A| Key::of(&key(args))));
        self
    }

    /// [`cache_key`](Self::cache_key) for a cache that outlives the process, which knows the key by
    /// its bytes.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<String>::builder()
    ///     .name("pages")
    ///     .stable_cache_key(|(page, _token): &(u32, String)| *page)
    ///     .build()?;
    /// let fetch = |(page, _): &(u32, String), _| Ok(format!("page {page}"));
    /// let page = pipeline.call_owned_stable_sync("fetch", (7, "anna".into()), fetch);
    /// assert_eq!(page.unwrap(), "page 7");
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    #[cfg(feature = "serde")]
    #[must_use]
    pub fn stable_cache_key<A: 'static, K: Hash + serde::Serialize + Sync>(
        mut self,
        key: impl Fn(&A) -> K + Send + Sync + 'static,
    ) -> Self {
        use opero_core::Arguments as _;

        let key = Arc::new(key);
        let same = Arc::clone(&key);
        self.arguments.stable_cache_key = Some(Arc::new(move |arguments, name, out| {
            let key = key(arguments.downcast_ref()?);
            operation(()).stable(name, &key).stable_key(out)
        }));
        self.cache_key(move |args| same(args))
    }

    /// One limiter for each value that is made of the arguments (default one for all). It sees the
    /// fallback value that is about to be executed.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<String>::builder()
    ///     .cache(false)
    ///     .rate_limit("1/min")
    ///     .rate_max_wait("1ms")
    ///     .rate_key(|account: &&'static str| *account)
    ///     .build()?;
    /// let ask = |account: &&'static str, _| Ok(format!("hello {account}"));
    /// assert!(pipeline.call_owned_sync("anna", ask).is_ok());
    /// assert!(pipeline.call_owned_sync("bert", ask).is_ok()); // A minute of its own.
    /// assert!(pipeline.call_owned_sync("anna", ask).unwrap_err().is_rate_limited());
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    #[must_use]
    pub fn rate_key<A: 'static, K: Hash>(
        mut self,
        key: impl Fn(&A) -> K + Send + Sync + 'static,
    ) -> Self {
        self.arguments.of::<A>("rate_key");
        let keyed = move |args: &A| operation(()).with_rate_key(&key(args));
        self.arguments.rate_key = Some(hook(keyed));
        self
    }

    /// [`rate_key`](Self::rate_key) for a limiter that is shared with other processes, which know
    /// the key by its bytes.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<String>::builder()
    ///     .rate_limit("100/min")
    ///     .stable_rate_key(|account: &String| account.clone())
    ///     .build()?;
    /// let ask = |account: &String, _| Ok(format!("hello {account}"));
    /// assert!(pipeline.call_owned_sync("anna".into(), ask).is_ok());
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    #[cfg(feature = "serde")]
    #[must_use]
    pub fn stable_rate_key<A: 'static, K: Hash + serde::Serialize>(
        mut self,
        key: impl Fn(&A) -> K + Send + Sync + 'static,
    ) -> Self {
        self.arguments.of::<A>("stable_rate_key");
        let keyed = move |args: &A| operation(()).with_stable_rate_key(&key(args));
        self.arguments.rate_key = Some(hook(keyed));
        self
    }

    /// The permits that one execution takes (default 1).
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<String>::builder()
    ///     .rate_limit("1000/min")
    ///     .rate_burst(1000)
    ///     .rate_cost(|prompt: &String| prompt.len().try_into().unwrap_or(u32::MAX))
    ///     .build()?;
    /// assert!(pipeline.call_owned_sync("a prompt".to_owned(), |_, _| Ok(())).is_ok());
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    #[must_use]
    pub fn rate_cost<A: 'static>(
        mut self,
        cost: impl Fn(&A) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.arguments.of::<A>("rate_cost");
        self.arguments.rate_cost = Some(hook(cost));
        self
    }

    /// The values that an attempt goes through, in order, until one succeeds; `set` puts one into
    /// the arguments.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// #[derive(Clone, Hash)]
    /// struct Request {
    ///     prompt: String,
    ///     model: &'static str,
    /// }
    ///
    /// let pipeline = Pipeline::<&'static str>::builder()
    ///     .retries(0)
    ///     .arg_fallback(["large", "small"], |request: &mut Request, model| request.model = model)
    ///     .build()?;
    /// let request = Request { prompt: "hello".into(), model: "" };
    /// let answer = pipeline.call_owned_sync(request, |request, _| match request.model {
    ///     "large" => Err("overloaded"),
    ///     model => Ok(format!("{model}: {}", request.prompt)),
    /// });
    /// assert_eq!(answer.unwrap(), "small: hello");
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    ///
    /// The cache and `cache_key` see the arguments as they were passed: the result is the same
    /// entry whichever value gave it.
    ///
    /// # Errors
    /// [`build`](Self::build) rejects an empty list.
    #[must_use]
    pub fn arg_fallback<A: 'static, V: Clone + Send + Sync + 'static>(
        mut self,
        values: impl IntoIterator<Item = V>,
        set: impl Fn(&mut A, V) + Send + Sync + 'static,
    ) -> Self {
        self.arguments.of::<A>("arg_fallback");
        let values: Arc<[V]> = values.into_iter().collect();
        if values.is_empty() {
            let (problem, way_out) = ("is an empty list", "give one value at least");
            let error = ConfigError::new("arg_fallback", problem, way_out);
            self.arguments.conflict.get_or_insert(error);
        }
        self.arguments.fallback = Some(Fallback {
            values: values.len(),
            set: Arc::new(move |arguments, index| {
                let arguments = arguments.downcast_mut();
                if let Some((arguments, value)) = arguments.zip(values.get(index)) {
                    set(arguments, value.clone());
                }
            }),
        });
        self
    }
}
