//! A call whose function is executed in a worker process: the arguments go there, the outcome comes back.

use std::future::{Future, ready};
use std::pin::Pin;

use opero_core::stable::execute;
use opero_core::{Attempt, Context, Error, RefusedKind, Remote};

use super::operation::Call;
use super::{Adapter, Bytes, Lack};

type Elsewhere<'f, A> = Pin<
    Box<
        dyn Future<Output = Result<<A as Adapter>::Value, Error<<A as Adapter>::Error>>>
            + Send
            + 'f,
    >,
>;

impl<A, S, I, B, K, R, Out, In> Call<'_, A, S, I, B, K, R, Out, In>
where
    A: Adapter,
    A::Value: Send,
    A::Error: Send,
{
    /// The execution of the function by the remote of `cx`, where it has one.
    #[inline]
    pub(super) fn elsewhere<'f>(
        &self,
        cx: &'f Context<'_>,
        attempt: Attempt,
    ) -> Option<Elsewhere<'f, A>>
    where
        A: 'f,
        A::Value: 'f,
        A::Error: 'f,
    {
        cx.remote().map(|remote| self.sent(cx, remote, attempt))
    }

    /// Executes the function once, by `remote`. Boxed, and the arguments made bytes before that: a call that is executed here has
    /// no room to spare for it.
    #[cold]
    fn sent<'f>(
        &self,
        cx: &'f Context<'_>,
        remote: &'f dyn Remote,
        attempt: Attempt,
    ) -> Elsewhere<'f, A>
    where
        A: 'f,
        A::Value: 'f,
        A::Error: 'f,
    {
        let bytes = self.recipe.answers.bytes.map(|bytes| bytes());
        let (arguments, outcome) = match bytes {
            Some(Bytes {
                arguments: Ok(arguments),
                outcome: Ok(outcome),
                ..
            }) => (arguments, outcome),
            // No run gets here: it asked for the function before it hired workers.
            _ => {
                let reason = Lack::Asked.codec_error().to_string();
                let refused = RefusedKind::Transfer { reason };
                return Box::pin(ready(Err(Error::refused(refused))));
            }
        };
        let mut sent = remote.buffer();
        let encoded = arguments(&self.recipe.shared, self.item, attempt, &mut sent);
        Box::pin(execute(cx, remote, encoded.map(|()| sent), outcome))
    }
}
