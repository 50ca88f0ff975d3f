//! Single-flight across processes: waiting for the one that executes, or for its turn.

use std::time::Duration;

use opero_core::clock::real_sleep;
use opero_core::{Context, Key, Outcome};

use crate::backend::{Claim, Lease};
use crate::flight::is_leading;
use crate::layer::limit;
use crate::patience::within;
use crate::stage::Cache;

/// What a caller that leads within its process is to do.
pub(crate) enum Turn {
    /// Execute; the lease, where there is one, keeps the other processes waiting.
    Execute(Option<Box<dyn Lease>>),
    /// Another process has done it, and the outcome has its value.
    Done,
}

/// What a caller that would refresh is to do.
pub(crate) enum Refresh {
    Execute(Option<Box<dyn Lease>>),
    /// Another process does.
    Taken,
}

/// The pauses between two looks at what another process does: short ones first, since most executions are short.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// One execution that brought no result may be a blip, two are an outage: then all run, as within a process.
const MOST_HOLDERS: u32 = 2;

/// A call within a leader's execution waits for another process at most so many times the patience with a backend: that
/// process may itself be waiting for this leader, in a circle that nobody sees whole.
const NESTED: u32 = 5;

impl Cache {
    /// Waits while another process executes this call: for its value, or for a lease.
    pub(crate) async fn turn(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Turn {
        let Some(store) = self.shared() else {
            return Turn::Execute(None);
        };
        let mut left = is_leading().then(|| self.config.patience.saturating_mul(NESTED));
        let mut pause = FIRST_PAUSE;
        let mut holders = Holders::default();
        loop {
            match within(limit(store, self.config.patience), store.claim(key)).await {
                Ok(Claim::Unshared) => return Turn::Execute(None),
                Ok(Claim::Mine { lease, record }) => {
                    if !self.take_fresh(cx, outcome, key, record.as_deref()) {
                        return Turn::Execute(Some(lease));
                    }
                    lease.release().await;
                    return Turn::Done;
                }
                Ok(Claim::Taken { holder, record }) => {
                    if self.take_fresh(cx, outcome, key, record.as_deref()) {
                        return Turn::Done;
                    }
                    if holders.seen(holder) > MOST_HOLDERS {
                        return Turn::Execute(None);
                    }
                }
                Err(error) => {
                    self.report_shared(cx, &error);
                    return Turn::Execute(None);
                }
            }
            // Real time: the other process takes real time, whatever clock this one is on.
            real_sleep(pause).await;
            if let Some(time) = &mut left {
                match time.checked_sub(pause) {
                    Some(less) => *time = less,
                    None => return Turn::Execute(None),
                }
            }
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }
}

impl Cache {
    /// Is it this process that refreshes? Unlike [`turn`](Self::turn), nobody waits for another one.
    pub(crate) async fn may_refresh(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Refresh {
        let Some(store) = self.shared() else {
            return Refresh::Execute(None);
        };
        match within(limit(store, self.config.patience), store.claim(key)).await {
            Ok(Claim::Unshared) => Refresh::Execute(None),
            Ok(Claim::Taken { .. }) => Refresh::Taken,
            Ok(Claim::Mine { lease, record }) => {
                // Another process was at it, and is done.
                if self.take_fresh(cx, outcome, key, record.as_deref()) {
                    lease.release().await;
                    return Refresh::Taken;
                }
                Refresh::Execute(Some(lease))
            }
            Err(error) => {
                self.report_shared(cx, &error);
                Refresh::Execute(None)
            }
        }
    }
}

/// The holders of a lease, one after the other.
#[derive(Default)]
struct Holders {
    last: Option<u64>,
    count: u32,
}

impl Holders {
    /// How many there were, this one included.
    fn seen(&mut self, holder: u64) -> u32 {
        if self.last != Some(holder) {
            self.last = Some(holder);
            self.count += 1;
        }
        self.count
    }
}
