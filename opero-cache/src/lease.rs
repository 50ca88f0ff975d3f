//! Single-flight across processes: the lease to execute, and the wait for the process that holds it.

use std::time::Duration;

use opero_core::clock::real_sleep;
use opero_core::{Context, Key, Outcome};

use crate::backend::{ByteStore, Claim, Lease};
use crate::flight::is_leading;
use crate::freshness::Level;
use crate::record::Reader;
use crate::store::{Store, report};
use crate::tier::limit;
use crate::timeout::within;

/// What the leader of this process does next.
pub(crate) enum Acquired {
    /// It executes. The lease, where there is one, keeps the other processes waiting.
    Execute(Option<Box<dyn Lease>>),
    /// Another process has executed, and the outcome has its value.
    Found,
}

/// What a call that would refresh does next.
pub(crate) enum Refresh {
    Execute(Option<Box<dyn Lease>>),
    /// Another process refreshes.
    Held,
}

/// The pauses between two claims: short at first, since most executions are short.
const MIN_PAUSE: Duration = Duration::from_millis(2);
const MAX_PAUSE: Duration = Duration::from_millis(50);

/// Holders that may fail in a row: one failure may be a blip, two are an outage, and then all execute, as within a process.
const MAX_HOLDERS: u32 = 2;

/// Backend timeouts that a call within a leader's execution waits for another process at most: that process may itself wait
/// for this leader, in a circle across processes that neither can see.
const NESTED_TIMEOUTS: u32 = 5;

/// Waits while another process executes this call: for its value, or for the lease.
pub(crate) async fn acquire(
    store: &Store,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    key: &Key,
) -> Acquired {
    let Some(shared) = store.tiers.shared() else {
        return Acquired::Execute(None);
    };
    let mut left = is_leading().then(|| store.timeout().saturating_mul(NESTED_TIMEOUTS));
    let mut pause = MIN_PAUSE;
    let mut holders = Holders::default();
    loop {
        match claim(store, shared, key).await {
            Ok(Claim::Unshared) => return Acquired::Execute(None),
            Ok(Claim::Acquired { lease, record }) => {
                if !take_fresh(store, cx, outcome, key, record) {
                    return Acquired::Execute(Some(lease));
                }
                lease.release().await;
                return Acquired::Found;
            }
            Ok(Claim::Held { holder, record }) => {
                if take_fresh(store, cx, outcome, key, record) {
                    return Acquired::Found;
                }
                if holders.seen(holder) > MAX_HOLDERS {
                    return Acquired::Execute(None);
                }
            }
            Err(error) => {
                report(cx, shared.scheme(), &error);
                return Acquired::Execute(None);
            }
        }
        // Real time: the other process takes real time, whatever clock this one is on.
        real_sleep(pause).await;
        if let Some(time) = &mut left {
            match time.checked_sub(pause) {
                Some(less) => *time = less,
                None => return Acquired::Execute(None),
            }
        }
        pause = (pause * 3 / 2).min(MAX_PAUSE);
    }
}

/// Acquires the lease for a refresh. Unlike [`acquire`], it does not wait for another process.
pub(crate) async fn try_acquire(
    store: &Store,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    key: &Key,
) -> Refresh {
    let Some(shared) = store.tiers.shared() else {
        return Refresh::Execute(None);
    };
    match claim(store, shared, key).await {
        Ok(Claim::Unshared) => Refresh::Execute(None),
        Ok(Claim::Held { .. }) => Refresh::Held,
        Ok(Claim::Acquired { lease, record }) => {
            // Another process has just refreshed it.
            if take_fresh(store, cx, outcome, key, record) {
                lease.release().await;
                return Refresh::Held;
            }
            Refresh::Execute(Some(lease))
        }
        Err(error) => {
            report(cx, shared.scheme(), &error);
            Refresh::Execute(None)
        }
    }
}

async fn claim(
    store: &Store,
    shared: &dyn ByteStore,
    key: &Key,
) -> Result<Claim, opero_core::BackendError> {
    within(limit(shared, store.timeout()), shared.claim(key)).await
}

fn take_fresh(
    store: &Store,
    cx: &Context<'_>,
    outcome: &mut dyn Outcome,
    key: &Key,
    record: Option<Vec<u8>>,
) -> bool {
    let mut reader = Reader {
        freshness: store.freshness,
        level: Level::Last,
        cx,
        outcome,
        key,
    };
    reader.take_fresh(record.as_deref())
}

/// The holders of a lease, one after the other.
#[derive(Default)]
struct Holders {
    last: Option<u64>,
    count: u32,
}

impl Holders {
    /// Returns how many there were, this one included.
    fn seen(&mut self, holder: u64) -> u32 {
        if self.last != Some(holder) {
            self.last = Some(holder);
            self.count += 1;
        }
        self.count
    }
}
