//! Jobs whose items and results are recorded through serde.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use opero_core::stable::{OutcomeCodec, append_key};
use opero_core::{Cause, CodecError, ConfigError, Context, Error, KeyBytes, WaitMode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::RecordCodec;
use crate::job::{Job, RemoteFunction};
use crate::run::Run;
use crate::source::Source;

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Makes the run one that can [`resume`](Run::resume): serde encodes its items, values and
    /// errors.
    ///
    /// `function` names the function in its journals. A closure's captures are not part of the
    /// name: put what the results depend on into the name or into
    /// [`resume_version`](Run::resume_version). The error of a function that cannot fail is
    /// `Infallible`.
    ///
    /// ```
    /// # #[cfg(feature = "thread")] {
    /// # let directory = std::env::temp_dir().join(format!("opero-doc-{}", std::process::id()));
    /// # let path = directory.join("lengths.journal");
    /// use opero_map::map;
    ///
    /// let length = |word: String| u8::try_from(word.len()).map_err(|error| error.to_string());
    /// let words = ["one", "three"].map(String::from);
    /// let begin = || map(words.clone(), length).resumable("lengths").resume(&path);
    ///
    /// assert_eq!(begin().try_run().unwrap(), [3, 5]);
    /// let (results, report) = begin().run_report(); // As in the next process, after a kill.
    /// assert_eq!((results.len(), report.resumed, report.executions), (2, 2, 0));
    /// # std::fs::remove_dir_all(directory).unwrap();
    /// # }
    /// ```
    pub fn resumable<How>(self, function: impl Into<String>) -> Run<S, ResumableJob<J, How>>
    where
        S::Item: Serialize,
        J::Output: Serialize + DeserializeOwned,
        J::Error: ResumableError<How>,
    {
        Run::new(
            self.name,
            self.source,
            ResumableJob {
                job: self.job,
                function: function.into(),
                how: PhantomData,
            },
            self.config,
        )
    }
}

/// An error that a run can record: one that is `Serialize + DeserializeOwned + Display`, or
/// `Infallible`. The compiler infers which one `How` is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the error of a run that resumes, and cannot be encoded",
    label = "the errors of this run cannot be recorded",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, and implement `Display`; or return a `String`"
)]
pub trait ResumableError<How>: Sized {
    #[doc(hidden)]
    fn codec<T: Serialize + DeserializeOwned>() -> OutcomeCodec<T, Self>;
    #[doc(hidden)]
    fn words(&self) -> String;
}

/// Marks a [`ResumableError`] that is recorded through serde.
#[derive(Debug)]
pub enum BySerde {}

/// Marks a [`ResumableError`] that never occurs.
#[derive(Debug)]
pub enum Never {}

#[diagnostic::do_not_recommend]
impl<E: Serialize + DeserializeOwned + fmt::Display> ResumableError<BySerde> for E {
    fn codec<T: Serialize + DeserializeOwned>() -> OutcomeCodec<T, E> {
        OutcomeCodec::postcard()
    }

    fn words(&self) -> String {
        self.to_string()
    }
}

impl ResumableError<Never> for Infallible {
    fn codec<T: Serialize + DeserializeOwned>() -> OutcomeCodec<T, Infallible> {
        OutcomeCodec::infallible()
    }

    fn words(&self) -> String {
        match *self {}
    }
}

/// A job that is recorded through serde: see [`Run::resumable`].
pub struct ResumableJob<J, How = BySerde> {
    job: J,
    function: String,
    how: PhantomData<fn() -> How>,
}

impl<J: Clone, How> Clone for ResumableJob<J, How> {
    fn clone(&self) -> Self {
        Self {
            job: self.job.clone(),
            function: self.function.clone(),
            how: PhantomData,
        }
    }
}

impl<I, J, How> Job<I> for ResumableJob<J, How>
where
    I: Serialize + Send,
    J: Job<I>,
    J::Output: Serialize + DeserializeOwned,
    J::Error: ResumableError<How>,
{
    type Output = J::Output;
    type Error = J::Error;
    const WAIT_MODE: WaitMode = J::WAIT_MODE;

    fn check(&self) -> Result<(), ConfigError> {
        self.job.check()
    }

    fn remote(&self) -> Result<RemoteFunction, ConfigError> {
        self.job.remote()
    }

    fn tells_more(&self) -> bool {
        self.job.tells_more()
    }

    fn record_codec(&self) -> Result<&dyn RecordCodec<I, J::Output, J::Error>, ConfigError> {
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

impl<I, J, How, T, E> RecordCodec<I, T, E> for ResumableJob<J, How>
where
    I: Serialize,
    J: Send + Sync,
    T: Serialize + DeserializeOwned,
    E: ResumableError<How>,
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
            Cause::Rejected(rejected) => rejected.to_string(),
        })
    }
}

impl<J, How> fmt::Debug for ResumableJob<J, How> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumableJob")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}
