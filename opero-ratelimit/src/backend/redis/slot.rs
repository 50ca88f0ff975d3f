//! One limiter as a process that takes blocks sees it: pure, with `now` as an argument.

use super::held::{Held, Take};
use super::size::Size;
use super::terms::{Order, Reply, Terms};

/// What is in hand of one limiter, and what is known of the rest. Times are nanoseconds of the process's own clock.
#[derive(Debug)]
pub(super) struct Slot {
    held: Held,
    size: Size,
    /// The server's first free permit has its nominal time no earlier than this.
    frontier: u64,
    /// How long the last answer took.
    trip: u64,
}

/// What comes of a request for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The permits are used.
    Admitted,
    /// They will not be there before that many nanoseconds have passed.
    Wait(u64),
    /// The server has to be asked for just the permits that are wanted.
    Single,
    /// The server has to be asked for a block.
    Fetch(Order),
}

impl Slot {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            held: Held::default(),
            size: Size::new(terms.largest_block),
            frontier: 0,
            trip: 0,
        }
    }

    /// Uses `cost` permits, if they are in hand.
    pub(super) fn look(&mut self, terms: &Terms, cost: u32, now: u64) -> Look {
        let expired = self.held.expire(terms, now);
        if expired.count > 0 {
            self.size.wasted(expired.count, expired.missed);
        }
        match self.held.take(terms, cost, now) {
            Take::Taken => {
                self.size.used(cost);
                return Look::Admitted;
            }
            Take::NotBefore(instant) => return Look::Wait(instant - now),
            Take::Short => {}
        }
        // Others may have moved it on, but nobody moves it back.
        let free = self.frontier.saturating_sub(terms.reach(cost));
        match free.saturating_sub(now) {
            0 => self.order(terms, cost).map_or(Look::Single, Look::Fetch),
            wait => Look::Wait(wait),
        }
    }

    fn order(&self, terms: &Terms, cost: u32) -> Option<Order> {
        let size = self.size.next();
        // Where answers take too long, a block's permits are over when they arrive.
        let hold = terms.hold(self.trip)?;
        (size > 1 && size >= cost).then_some(Order { size, hold })
    }

    /// The server answered a request for permits to be used at once: they are, if it granted them.
    pub(super) fn single(&mut self, cost: u32, reply: &Reply, sent: u64, received: u64) {
        match reply.granted {
            true => self.size.used(cost),
            false => self.denied(reply, sent),
        }
        self.trip = received.saturating_sub(sent);
    }

    /// The server answered a request for a block, asked at `sent`, at `received`.
    pub(super) fn block(&mut self, order: Order, reply: &Reply, sent: u64, received: u64) {
        match reply.granted {
            true => self.held.add(order, reply, sent, received),
            false => self.denied(reply, sent),
        }
        self.trip = received.saturating_sub(sent);
    }

    /// The permits that were on their way are lost.
    pub(super) fn lost(&mut self, size: u32) {
        self.size.wasted(size, size);
    }

    /// Counted from the sending: that is honest, and who asks again then is heard when the permit is there.
    fn denied(&mut self, reply: &Reply, sent: u64) {
        self.frontier = sent.saturating_add(reply.first.saturating_sub(reply.now));
    }

    /// Can it be forgotten without breaking a promise? What it held is then lost.
    pub(super) fn is_over(&mut self, terms: &Terms, now: u64) -> bool {
        self.held.expire(terms, now);
        self.held.len() == 0 && self.frontier <= now
    }
}
