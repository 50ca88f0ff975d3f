//! One limiter as a process that takes blocks sees it: pure, with `now` as an argument.

use super::held::{Held, Take};
use super::size::Size;
use super::terms::{Reply, Terms};

/// What is in hand of one limiter, and what is known of the rest. Times are nanoseconds of the process's own clock.
#[derive(Debug, Default)]
pub(super) struct Slot {
    held: Held,
    size: Size,
    /// The server's first free permit has its nominal time no earlier than this.
    frontier: u64,
}

/// What comes of a request for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The permits are used.
    Admitted,
    /// They will not be there before that many nanoseconds have passed.
    Wait(u64),
    /// The server has to be asked: for a block of so many permits, or with 1 for just those that are used at once.
    Fetch(u32),
}

impl Slot {
    /// Uses `cost` permits, if they are in hand.
    pub(super) fn look(&mut self, terms: &Terms, cost: u32, now: u64) -> Look {
        let expired = self.held.expire(terms, now);
        if expired > 0 {
            self.size.wasted(expired);
        }
        match self.held.take(terms, cost, now) {
            Take::Taken => {
                self.size.used(cost, terms.largest_block);
                return Look::Admitted;
            }
            Take::NotBefore(instant) => return Look::Wait(instant - now),
            Take::Short => {}
        }
        // Others may have moved it on, but nobody moves it back.
        let free = self.frontier.saturating_sub(terms.ahead(cost));
        match free.saturating_sub(now) {
            0 => match self.size.next(terms.largest_block) {
                too_small if too_small < cost => Look::Fetch(1),
                size => Look::Fetch(size),
            },
            wait => Look::Wait(wait),
        }
    }

    /// The server answered a request for permits to be used at once: they are, if it granted them.
    pub(super) fn single(&mut self, terms: &Terms, cost: u32, reply: &Reply, received: u64) {
        if reply.granted {
            self.size.used(cost, terms.largest_block);
        } else {
            self.denied(reply, received);
        }
    }

    /// The server answered a request for a block of `size`, asked at `sent`, at `received`.
    pub(super) fn block(&mut self, size: u32, reply: &Reply, sent: u64, received: u64) {
        if reply.granted {
            self.held.add(reply, size, sent, received);
        } else {
            self.denied(reply, received);
        }
    }

    /// The permits that were on their way are lost.
    pub(super) fn lost(&mut self, size: u32) {
        self.size.wasted(size);
    }

    fn denied(&mut self, reply: &Reply, received: u64) {
        self.frontier = received.saturating_add(reply.first.saturating_sub(reply.now));
    }

    /// Can it be forgotten without breaking a promise? What it held is then lost.
    pub(super) fn is_over(&mut self, terms: &Terms, now: u64) -> bool {
        self.held.expire(terms, now);
        self.held.len() == 0 && self.frontier <= now
    }
}
