//! A thousand concurrent callers of one key that is in no cache yet: one of them executes, all get the value.

use std::rc::Rc;

use futures::future::join_all;
use tokio::runtime::Runtime;

use super::{Entry, Subjects, runtime};
use crate::harness::Subject;
use crate::ours;
use crate::peers::{cached, moka};
use crate::workload::{Args, profile};

pub(super) const ROWS: [Entry; 1] = [("single-flight/1000", thousand)];

const CALLERS: u64 = 1_000;

fn thousand() -> Subjects {
    let runtime = runtime()?;
    let moka = moka::Async::new();
    Ok(vec![
        crowd("opero", &runtime, async |(name, n): &Args| {
            ours::hit::flight(name, *n).await
        }),
        crowd("moka", &runtime, async move |args: &Args| {
            let work = async {
                tokio::task::yield_now().await;
                profile(&args.0, args.1 % 64)
            };
            moka.flight(args, work).await
        }),
        crowd("cached", &runtime, async |(name, n): &Args| {
            cached::flight(name, *n).await
        }),
    ])
}

/// All callers live in one task; the leader yields once, and by then all have asked.
fn crowd(
    name: &'static str,
    runtime: &Rc<Runtime>,
    function: impl AsyncFn(&Args) -> String + 'static,
) -> Subject {
    let runtime = Rc::clone(runtime);
    let mut args: Args = ("a user's profile".to_owned(), 0);
    Subject::job(name, CALLERS, move || {
        args.1 += 1;
        let callers = (0..CALLERS).map(|_| function(&args));
        runtime.block_on(join_all(callers))
    })
}
