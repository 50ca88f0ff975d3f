//! Concurrent callers, each a task that makes one call after the other.

use std::ops::Range;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use crate::harness::Subject;
use crate::workload::{Args, Trouble};

/// Calls of one job, by all its callers together: enough that starting them weighs nothing, and that every entry is asked
/// for.
const CALLS: u64 = 12_800;

/// The numbers of the calls that one caller makes.
pub(super) struct Calls(Range<u64>);

impl Calls {
    pub(super) fn numbers(self) -> Range<u64> {
        self.0
    }

    /// The arguments of the calls: any of these entries each time, but in every round the same. Callers that went through them
    /// in one order would meet, and from then on share their calls.
    pub(super) fn over(self, entries: &'static [Args]) -> impl Iterator<Item = &'static Args> {
        self.0.map(|n| {
            // The finalizer of MurmurHash3.
            let mut hash = n.wrapping_add(1).wrapping_mul(0xff51_afd7_ed55_8ccd);
            hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            &entries[(hash >> 33) as usize % entries.len()]
        })
    }
}

/// So many callers at once. `caller` makes the calls of one of them.
pub(super) fn job<F>(
    name: &'static str,
    runtime: &'static Runtime,
    callers: u64,
    caller: impl Fn(Calls) -> F + 'static,
) -> Subject
where
    F: Future<Output = Result<(), Trouble>> + Send + 'static,
{
    Subject::trial(name, CALLS, move || {
        let each = CALLS / callers;
        let calls = (0..callers).map(|n| Calls(n * each..(n + 1) * each));
        let callers: Vec<_> = calls.map(|calls| runtime.spawn(caller(calls))).collect();
        runtime.block_on(async {
            for caller in callers {
                caller.await??;
            }
            Ok::<_, Trouble>(())
        })
    })
}

/// A runtime of two threads. It lives as long as the process: a connection in a static, as the peers have them, does not
/// outlive its runtime.
pub(super) fn on_two_threads() -> std::io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    once(&RUNTIME, Builder::new_multi_thread().worker_threads(2))
}

/// A runtime of the thread that measures.
pub(super) fn on_one_thread() -> std::io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    once(&RUNTIME, &mut Builder::new_current_thread())
}

fn once(
    runtime: &'static OnceLock<Runtime>,
    builder: &mut Builder,
) -> std::io::Result<&'static Runtime> {
    if let Some(runtime) = runtime.get() {
        return Ok(runtime);
    }
    let built = builder.enable_all().build()?;
    Ok(runtime.get_or_init(|| built))
}
