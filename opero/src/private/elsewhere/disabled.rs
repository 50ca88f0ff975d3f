//! No function is executed in another process.

use std::future::Pending;

use opero_core::{Attempt, Context, Error};

use super::Adapter;
use super::operation::Call;

type Never<A> = Pending<Result<<A as Adapter>::Value, Error<<A as Adapter>::Error>>>;

impl<A: Adapter, S, I, B, K, R, Out, In> Call<'_, A, S, I, B, K, R, Out, In> {
    /// None.
    #[inline]
    pub(super) fn elsewhere(&self, _: &Context<'_>, _: Attempt) -> Option<Never<A>> {
        None
    }
}
