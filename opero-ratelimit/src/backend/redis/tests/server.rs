//! The script, once more in Rust, for models in which time is only ours.

use super::super::gcra::{Reply, Request};

/// One limiter on the server.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Server {
    state: Option<State>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) next: u64,
    pub(super) seen: u64,
}

impl Server {
    pub(super) fn with(state: State) -> Self {
        Self { state: Some(state) }
    }

    pub(super) fn state(&self) -> Option<State> {
        self.state
    }

    pub(super) fn decide(&mut self, now: u64, request: Request) -> Reply {
        let next = match &mut self.state {
            Some(state) => {
                if now < state.seen {
                    state.next = state.next.saturating_sub(state.seen - now);
                    state.seen = now;
                }
                state.next
            }
            None => 0,
        };
        let first = next.max(now + request.hold);
        let granted = first <= now + request.ahead;
        if granted {
            self.state = Some(State {
                next: first + request.span,
                seen: now,
            });
        }
        Reply {
            granted,
            now,
            first,
        }
    }
}
