//! The workers of one run, as their parent sees them.
//!
//! Lanes hand in calls and wait for what they come to ([`crew`]). One thread, the [`foreman`], does everything else: it
//! starts processes, sends, receives, watches the time, buries the dead and hires again. It alone knows the
//! workers, so there is nothing to lock but the [`office`] where calls are handed in.

mod call;
mod crew;
mod foreman;
mod limit;
mod office;
mod outgoing;
mod pace;
mod replies;
mod start;
mod wakeup;
mod worker;

pub(super) use crew::{Hiring, hire};
