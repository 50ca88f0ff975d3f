//! Jobs whose items and results become bytes through serde.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use opero_core::stable::{OutcomeCodec, append_key};
use opero_core::{Cause, CodecError, ConfigError, Context, Error, KeyBytes, Waiting};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Run;
use crate::{Job, Recorded, RemoteFunction, Source};

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Lets the run be recorded, for [`resume`](Run::resume): its items, values and errors become bytes through serde.
    ///
    /// `function` is what its journals know the function by. What a closure captures is not part of that, so put into the
    /// name, or into [`resume_version`](Run::resume_version), what its results depend on. A function that cannot fail has
    /// `Infallible` as its error, which is recorded as well.
    ///
    /// ```
    /// # #[cfg(feature = "thread")] {
    /// # let directory = std::env::temp_dir().join(format!("opero-doc-{}", std::process::id()));
    /// # let path = directory.join("lengths.journal");
    /// use opero_map::map;
    ///
    /// let length = |word: String| u8::try_from(word.len()).map_err(|error| error.to_string());
    /// let words = ["one", "three"].map(String::from);
    /// let begin = || map(words.clone(), length).recorded("lengths").resume(&path);
    ///
    /// assert_eq!(begin().try_run().unwrap(), [3, 5]);
    /// let (results, report) = begin().run_report(); // As in the next process, after a kill.
    /// assert_eq!((results.len(), report.resumed, report.executions), (2, 2, 0));
    /// # std::fs::remove_dir_all(directory).unwrap();
    /// # }
    /// ```
    pub fn recorded<How>(self, function: impl Into<String>) -> Run<S, RecordedJob<J, How>>
    where
        S::Item: Serialize,
        J::Output: Serialize + DeserializeOwned,
        J::Error: RecordedError<How>,
    {
        Run::new(
            self.name,
            self.source,
            RecordedJob {
                job: self.job,
                function: function.into(),
                how: PhantomData,
            },
            self.config,
        )
    }
}

/// An error that a run can record: one that is `Serialize + DeserializeOwned + Display`, or `Infallible`, the error of a
/// function that cannot fail. `How` says which, and is found by the compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the error of a recorded run, and no bytes can be made of it",
    label = "the errors of this run cannot be recorded",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, and implement `Display`; or return a `String`"
)]
pub trait RecordedError<How>: Sized {
    #[doc(hidden)]
    fn codec<T: Serialize + DeserializeOwned>() -> OutcomeCodec<T, Self>;
    #[doc(hidden)]
    fn words(&self) -> String;
}

/// How a [`RecordedError`] is recorded: through serde.
#[derive(Debug)]
pub enum BySerde {}

/// How a [`RecordedError`] is recorded that never occurs.
#[derive(Debug)]
pub enum Never {}

#[diagnostic::do_not_recommend]
impl<E: Serialize + DeserializeOwned + fmt::Display> RecordedError<BySerde> for E {
    fn codec<T: Serialize + DeserializeOwned>() -> OutcomeCodec<T, E> {
        OutcomeCodec::postcard()
    }

    fn words(&self) -> String {
        self.to_string()
    }
}

impl RecordedError<Never> for Infallible {
    fn codec<T: Serialize + DeserializeOwned>() -> OutcomeCodec<T, Infallible> {
        OutcomeCodec::infallible()
    }

    fn words(&self) -> String {
        match *self {}
    }
}

/// A job that is recorded through serde: see [`Run::recorded`].
pub struct RecordedJob<J, How = BySerde> {
    job: J,
    function: String,
    how: PhantomData<fn() -> How>,
}

impl<J: Clone, How> Clone for RecordedJob<J, How> {
    fn clone(&self) -> Self {
        Self {
            job: self.job.clone(),
            function: self.function.clone(),
            how: PhantomData,
        }
    }
}

impl<I, J, How> Job<I> for RecordedJob<J, How>
where
    I: Serialize + Send,
    J: Job<I>,
    J::Output: Serialize + DeserializeOwned,
    J::Error: RecordedError<How>,
{
    type Output = J::Output;
    type Error = J::Error;
    const WAITING: Waiting = J::WAITING;

    fn check(&self) -> Result<(), ConfigError> {
        self.job.check()
    }

    fn remote(&self) -> Result<RemoteFunction, ConfigError> {
        self.job.remote()
    }

    fn tells_more(&self) -> bool {
        self.job.tells_more()
    }

    fn recorded(&self) -> Result<&dyn Recorded<I, J::Output, J::Error>, ConfigError> {
        Ok(self)
    }

    fn run(
        &self,
        cx: &Context<'_>,
        item: I,
    ) -> impl Future<Output = Result<J::Output, Error<J::Error>>> + Send {
        self.job.run(cx, item)
    }
}

impl<I, J, How, T, E> Recorded<I, T, E> for RecordedJob<J, How>
where
    I: Serialize,
    J: Send + Sync,
    T: Serialize + DeserializeOwned,
    E: RecordedError<How>,
{
    fn function(&self) -> Result<Cow<'_, str>, ConfigError> {
        Ok(Cow::Borrowed(&self.function))
    }

    fn key(&self, item: &I, out: &mut KeyBytes) -> Result<(), CodecError> {
        append_key(item, out)
    }

    fn encode(&self, result: Result<&T, &Error<E>>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        E::codec().encode(result, out)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        E::codec().decode(bytes)
    }

    fn shape(&self) -> u64 {
        E::codec::<T>().shape()
    }

    fn describe(&self, error: &Error<E>) -> Option<String> {
        Some(match error.cause() {
            Cause::Function(error) => error.words(),
            Cause::Refused(refused) => refused.to_string(),
        })
    }
}

impl<J, How> fmt::Debug for RecordedJob<J, How> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedJob")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}
