//! One limiter as a process that takes batches sees it: pure, with `now` as an argument.

use super::batch_size::BatchSize;
use super::gcra::{Gcra, Order, Reply};
use super::leased::{LeasedPermits, Take};

/// What is in hand of one limiter, and what is known of the rest. Times are nanoseconds of the process's own clock.
#[derive(Debug)]
pub(super) struct KeyState {
    leased: LeasedPermits,
    size: BatchSize,
    /// The server's first free permit has its nominal time no earlier than this.
    frontier: u64,
    /// How long the last answer took.
    trip: u64,
}

/// What comes of a request for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The permits are used.
    Admitted,
    /// They will not be there before that many nanoseconds have passed.
    Wait(u64),
    /// The server has to be asked for just the permits that are wanted.
    Single,
    /// The server has to be asked for a batch.
    Fetch(Order),
}

impl KeyState {
    pub(super) fn new(gcra: &Gcra) -> Self {
        Self {
            leased: LeasedPermits::default(),
            size: BatchSize::new(gcra.largest_batch),
            frontier: 0,
            trip: 0,
        }
    }

    /// Uses `cost` permits, if they are in hand.
    pub(super) fn look(&mut self, gcra: &Gcra, cost: u32, now: u64) -> Decision {
        let expired = self.leased.expire(gcra, now);
        if expired.count > 0 {
            self.size.wasted(expired.count, expired.missed);
        }
        match self.leased.take(gcra, cost, now) {
            Take::Taken => {
                self.size.used(cost);
                return Decision::Admitted;
            }
            Take::NotBefore(instant) => return Decision::Wait(instant - now),
            Take::Short => {}
        }
        // Other processes may have moved it on; none moves it back.
        let free = self.frontier.saturating_sub(gcra.reach(cost));
        match free.saturating_sub(now) {
            0 => self
                .order(gcra, cost)
                .map_or(Decision::Single, Decision::Fetch),
            wait => Decision::Wait(wait),
        }
    }

    fn order(&self, gcra: &Gcra, cost: u32) -> Option<Order> {
        let size = self.size.next();
        // Where answers take too long, a batch's permits are over when they arrive.
        let hold = gcra.hold(self.trip)?;
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

    /// The server answered a request for a batch, asked at `sent`, at `received`.
    pub(super) fn batch(&mut self, order: Order, reply: &Reply, sent: u64, received: u64) {
        match reply.granted {
            true => self.leased.add(order, reply, sent, received),
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

    /// Returns `true` if it can be forgotten without breaking a promise. What it leased is then lost.
    pub(super) fn is_over(&mut self, gcra: &Gcra, now: u64) -> bool {
        self.leased.expire(gcra, now);
        self.leased.len() == 0 && self.frontier <= now
    }
}
