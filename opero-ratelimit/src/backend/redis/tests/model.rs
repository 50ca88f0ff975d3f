//! Many processes on one limiter: delays, clocks that differ and drift, calls that come and go.
//!
//! Time here is the server's. A process's own clock has another origin, and runs a little faster or slower.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::slot::{Look, Slot};
use super::super::terms::{Order, Terms};
use super::server::Server;
use crate::Quota;

/// A process that calls, one call after the other.
#[derive(Debug, Clone)]
struct Habits {
    offset: u64,
    /// How much faster its clock runs, in parts per million.
    drift: i64,
    /// The longest pause between two calls, in periods.
    pause: u64,
    /// The longest way of a message.
    delay: u64,
    /// The highest cost of a call.
    cost: u32,
}

impl Habits {
    fn local(&self, time: u64) -> u64 {
        let gained = i128::from(time) * i128::from(self.drift) / 1_000_000;
        self.offset + u64::try_from(i128::from(time) + gained).unwrap()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Call,
    /// The size and the hold of a block, and when it was asked for.
    Arrive(Option<(u32, u64)>, u64),
}

#[derive(Debug, Default)]
struct Outcome {
    starts: Vec<u64>,
    asked: usize,
}

/// A small generator of its own: the scenario comes from proptest, the noise from its seed.
struct Noise(u64);

impl Noise {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % (most + 1)
    }
}

fn simulate(terms: &Terms, processes: &[Habits], end: u64, seed: u64) -> Outcome {
    let mut noise = Noise(seed);
    let mut server = Server::default();
    let mut slots: Vec<_> = processes.iter().map(|_| Slot::new(terms)).collect();
    // What each is about to call for: a call that waits keeps its cost.
    let mut costs: Vec<u32> = vec![1; processes.len()];
    let mut outcome = Outcome::default();
    let begin = 1_000_000_000_000;
    let mut steps: BinaryHeap<_> = (0..processes.len())
        .map(|process| Reverse((begin + noise.up_to(1_000), process, Step::Call)))
        .collect();
    while let Some(Reverse((time, process, step))) = steps.pop() {
        if time > begin + end {
            break;
        }
        let habits = &processes[process];
        let slot = &mut slots[process];
        let local = habits.local(time);
        if let Step::Arrive(order, sent) = step {
            let cost = costs[process];
            let order = order.map(|(size, hold)| Order { size, hold });
            let request = order.map_or(terms.single(cost), |order| terms.block(order));
            // The server decides on the way of the message, which is over now.
            let decided = time;
            let answer = server.decide(decided, request);
            outcome.asked += 1;
            let back = time + noise.up_to(habits.delay);
            let received = habits.local(back);
            match order {
                Some(order) => slot.block(order, &answer, sent, received),
                None => slot.single(cost, &answer, sent, received),
            }
            let mut next = back;
            if order.is_none() && answer.granted {
                outcome.starts.extend((0..cost).map(|_| decided));
                costs[process] =
                    1 + u32::try_from(noise.up_to(u64::from(habits.cost - 1))).unwrap();
                next += noise.up_to(habits.pause * terms.period);
            }
            steps.push(Reverse((next, process, Step::Call)));
            continue;
        }
        let cost = costs[process];
        let next = match slot.look(terms, cost, local) {
            Look::Admitted => {
                outcome.starts.extend((0..cost).map(|_| time));
                costs[process] =
                    1 + u32::try_from(noise.up_to(u64::from(habits.cost - 1))).unwrap();
                (time + noise.up_to(habits.pause * terms.period), Step::Call)
            }
            // Timers wake late.
            Look::Wait(wait) => (
                time + wait + 1 + wait / 1_000 + noise.up_to(habits.delay),
                Step::Call,
            ),
            ask => {
                let order = match ask {
                    Look::Fetch(order) => Some((order.size, order.hold)),
                    _ => None,
                };
                let step = Step::Arrive(order, local);
                (time + noise.up_to(habits.delay), step)
            }
        };
        steps.push(Reverse((next.0, process, next.1)));
    }
    outcome.starts.sort_unstable();
    outcome
}

/// Were more than `burst + w / period` starts in any window of length w?
fn exceeds(starts: &[u64], period: u64, burst: u32) -> Option<String> {
    // Start number k would be at k periods; whoever is that much ahead of the most tardy before it has used the burst up.
    let slack = i128::from(period) * i128::from(burst - 1);
    let mut latest = i128::MIN;
    for (number, start) in starts.iter().enumerate() {
        let ahead = i128::from(*start) - i128::from(period) * number as i128;
        latest = latest.max(ahead);
        if latest - ahead > slack {
            return Some(format!(
                "start {number} at {start}, by {}",
                latest - ahead - slack
            ));
        }
    }
    None
}

fn habits(cost: u32) -> impl Strategy<Value = Habits> {
    let parts = (
        0..1_u64 << 50,
        -500..500_i64,
        0..40_u64,
        0..2_000_000_u64,
        1..=cost,
    );
    parts.prop_map(|(offset, drift, pause, delay, cost)| Habits {
        offset,
        drift,
        pause,
        delay,
        cost,
    })
}

fn terms(period: u64, burst: u32, block: u32) -> Terms {
    let quota = Quota::each(Duration::from_nanos(period));
    Terms::new(quota.with_burst(burst).unwrap(), block)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn many_processes_never_exceed_the_bound_in_any_window(
        period in 100_u64..5_000_000,
        burst in 3_u32..400,
        block in 1_u32..1_000,
        processes in proptest::collection::vec(habits(3), 1..9),
        seed: u64,
    ) {
        let terms = terms(period, burst, block);
        let outcome = simulate(&terms, &processes, 3_000 * period, seed);
        prop_assert_eq!(exceeds(&outcome.starts, period, burst), None);
    }

    #[test]
    fn eight_busy_processes_use_95_percent(
        period in 20_000_u64..5_000_000,
        burst in 50_u32..400,
        processes in proptest::collection::vec(habits(1), 8),
        seed: u64,
    ) {
        let mut processes = processes;
        for habits in &mut processes {
            habits.pause = 1;
            // Messages take a small part of the time in which the burst grows.
            habits.delay = habits.delay.min(period * u64::from(burst) / 20);
        }
        let terms = terms(period, burst, 1_000);
        let outcome = simulate(&terms, &processes, 5_000 * period, seed);
        prop_assert_eq!(exceeds(&outcome.starts, period, burst), None);
        prop_assert!(outcome.starts.len() >= 4_750, "{}", outcome.starts.len());
    }
}

#[test]
fn a_fast_limit_takes_few_trips() {
    // A million a second, a twentieth of a millisecond for a message.
    let terms = terms(1_000, 10_000, 1_000);
    let habits = Habits {
        offset: 7,
        drift: 100,
        pause: 0,
        delay: 50_000,
        cost: 1,
    };
    let outcome = simulate(&terms, &vec![habits; 4], 1_000_000_000, 1);
    assert_eq!(exceeds(&outcome.starts, 1_000, 10_000), None);
    assert!(outcome.starts.len() >= 970_000, "{}", outcome.starts.len());
    assert!(outcome.asked < 10_000, "{} trips", outcome.asked);
}
