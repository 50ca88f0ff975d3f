//! Many processes on one limiter: delays, clocks that differ and drift, calls that come and go.
//!
//! Time here is the server's. A process's own clock has another origin, and runs a little faster or slower.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::gcra::{Gcra, Order};
use super::super::key_state::{Decision, KeyState};
use super::server::Server;
use crate::Quota;

/// How a process calls: one call after the other.
#[derive(Debug, Clone)]
struct Habits {
    offset: u64,
    /// How much faster its clock runs, in parts per million.
    drift: i64,
    /// The longest pause between two calls, in periods.
    pause: u64,
    /// The longest pause that comes now and then, in periods: longer than permits in hand last.
    lull: u64,
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
    /// The size and the hold of a batch, or no batch; and when it was asked for.
    Arrive(Option<(u32, u64)>, u64),
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

struct Process {
    habits: Habits,
    state: KeyState,
    /// Of the next call: a call that waits keeps it.
    cost: u32,
}

struct World {
    gcra: Gcra,
    noise: Noise,
    server: Server,
    processes: Vec<Process>,
    steps: BinaryHeap<Reverse<(u64, usize, Step)>>,
    starts: Vec<u64>,
    asked: usize,
}

const BEGIN: u64 = 1_000_000_000_000;

impl World {
    fn new(gcra: Gcra, habits: Vec<Habits>, seed: u64) -> Self {
        let mut noise = Noise(seed);
        let first = |process| Reverse((BEGIN + noise.up_to(1_000), process, Step::Call));
        let steps = (0..habits.len()).map(first).collect();
        let process = |habits| Process {
            habits,
            state: KeyState::new(&gcra),
            cost: 1,
        };
        Self {
            processes: habits.into_iter().map(process).collect(),
            server: Server::default(),
            starts: Vec::new(),
            asked: 0,
            gcra,
            noise,
            steps,
        }
    }

    /// All starts until then, in order.
    fn run(mut self, end: u64) -> (Vec<u64>, usize) {
        while let Some(Reverse((time, process, step))) = self.steps.pop() {
            if time > BEGIN + end {
                break;
            }
            let (at, next) = match step {
                Step::Call => self.call(time, process),
                Step::Arrive(order, sent) => (self.arrive(time, process, order, sent), Step::Call),
            };
            self.steps.push(Reverse((at, process, next)));
        }
        self.starts.sort_unstable();
        (self.starts, self.asked)
    }

    fn call(&mut self, time: u64, number: usize) -> (u64, Step) {
        let Process {
            habits,
            state,
            cost,
        } = &mut self.processes[number];
        let local = habits.local(time);
        let way = self.noise.up_to(habits.delay);
        match state.look(&self.gcra, *cost, local) {
            Decision::Admitted => (self.start(time, time, number), Step::Call),
            // Timers wake late.
            Decision::Wait(wait) => (time + wait + 1 + wait / 1_000 + way, Step::Call),
            Decision::Single => (time + way, Step::Arrive(None, local)),
            Decision::Fetch(Order { size, hold }) => {
                (time + way, Step::Arrive(Some((size, hold)), local))
            }
        }
    }

    /// A request reaches the server, and the answer its process when that goes on.
    fn arrive(&mut self, time: u64, number: usize, order: Option<(u32, u64)>, sent: u64) -> u64 {
        let Process {
            habits,
            state,
            cost,
        } = &mut self.processes[number];
        let back = time + self.noise.up_to(habits.delay);
        let received = habits.local(back);
        self.asked += 1;
        let Some((size, hold)) = order else {
            let answer = self.server.decide(time, self.gcra.single(*cost));
            state.single(*cost, &answer, sent, received);
            if !answer.granted {
                return back;
            }
            let wait = answer.wait(self.gcra.ahead(*cost));
            let wait = u64::try_from(wait.as_nanos()).unwrap();
            return self.start(time + wait, back + wait, number);
        };
        let order = Order { size, hold };
        let answer = self.server.decide(time, self.gcra.batch(order));
        state.batch(order, &answer, sent, received);
        back
    }

    /// Notes a call's permits; the next call comes after a pause.
    fn start(&mut self, decided: u64, started: u64, number: usize) -> u64 {
        let Process { habits, cost, .. } = &mut self.processes[number];
        self.starts.extend((0..*cost).map(|_| decided));
        *cost = 1 + u32::try_from(self.noise.up_to(u64::from(habits.cost - 1))).unwrap();
        let longest = match self.noise.up_to(30) {
            0 => habits.lull,
            _ => habits.pause,
        };
        started + self.noise.up_to(longest * self.gcra.period)
    }
}

/// Were more than `burst + w / period` starts in any window of length w?
fn exceeds(starts: &[u64], period: u64, burst: u32) -> Option<String> {
    // Start number k would be at k periods; a start that is that much ahead of the most tardy before it has used the burst up.
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
    let pauses = (prop_oneof![Just(0), 0..40_u64], 0..800_u64);
    let parts = (
        0..1_u64 << 50,
        -500..500_i64,
        pauses,
        0..2_000_000_u64,
        1..=cost,
    );
    parts.prop_map(|(offset, drift, (pause, lull), delay, cost)| Habits {
        offset,
        drift,
        pause,
        lull,
        delay,
        cost,
    })
}

fn gcra(period: u64, burst: u32, batch: u32) -> Gcra {
    let quota = Quota::each(Duration::from_nanos(period));
    Gcra::new(quota.with_burst(burst).unwrap(), batch)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn many_processes_never_exceed_the_bound_in_any_window(
        period in 100_u64..5_000_000,
        burst in 3_u32..400,
        batch in 1_u32..1_000,
        processes in proptest::collection::vec(habits(3), 1..9),
        seed: u64,
    ) {
        let gcra = gcra(period, burst, batch);
        let (starts, _) = World::new(gcra, processes, seed).run(3_000 * period);
        prop_assert_eq!(exceeds(&starts, period, burst), None);
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
            (habits.pause, habits.lull) = (1, 1);
            // Messages take a small part of the time in which the burst grows.
            habits.delay = habits.delay.min(period * u64::from(burst) / 40);
        }
        let gcra = gcra(period, burst, 1_000);
        let (starts, _) = World::new(gcra, processes, seed).run(5_000 * period);
        prop_assert_eq!(exceeds(&starts, period, burst), None);
        prop_assert!(starts.len() >= 4_750, "{}", starts.len());
    }
}

#[test]
fn a_fast_limit_takes_few_trips() {
    // A million a second, a twentieth of a millisecond for a message.
    let gcra = gcra(1_000, 10_000, 1_000);
    let habits = Habits {
        offset: 7,
        drift: 100,
        pause: 0,
        lull: 0,
        delay: 50_000,
        cost: 1,
    };
    let (starts, asked) = World::new(gcra, vec![habits; 4], 1).run(1_000_000_000);
    assert_eq!(exceeds(&starts, 1_000, 10_000), None);
    assert!(starts.len() >= 970_000, "{}", starts.len());
    assert!(asked < 10_000, "{asked} trips");
}
