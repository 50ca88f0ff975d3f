use std::collections::{BTreeMap, VecDeque};
use std::task::Poll;
use std::time::Duration;

use opero_core::{ManualClock, RejectedKind};
use opero_ratelimit::RateLimitConfig;
use proptest::prelude::*;

use crate::support::{Call, call, local, poll, quota};

/// Times of the scripts are whole ticks.
const TICK: Duration = Duration::from_millis(1);

#[derive(Debug, Clone)]
struct Arrival {
    /// Ticks after the arrival before it.
    gap: u64,
    key: Option<u8>,
    cost: u32,
    /// Ticks after which the caller loses interest and drops its call.
    dropped_after: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Admitted { at: u64 },
    Rejected { at: u64, needed: Duration },
    Dropped { at: u64 },
}

#[derive(Debug, Clone)]
struct Script {
    period: u64,
    burst: u32,
    max_wait: Option<u64>,
    arrivals: Vec<Arrival>,
}

fn scripts() -> impl Strategy<Value = Script> {
    (1..8_u64, 1..5_u32, proptest::option::of(0..40_u64)).prop_flat_map(
        |(period, burst, max_wait)| {
            let key = proptest::option::of(0..2_u8);
            let dropped_after = proptest::option::weighted(0.3, 0..30_u64);
            let arrival = (0..6_u64, key, 1..=burst, dropped_after).prop_map(
                |(gap, key, cost, dropped_after)| {
                    Arrival {
                        // Half of the arrivals come together with the one before.
                        gap: gap.saturating_sub(2),
                        key,
                        cost,
                        dropped_after,
                    }
                },
            );
            proptest::collection::vec(arrival, 1..40).prop_map(move |arrivals| Script {
                period,
                burst,
                max_wait,
                arrivals,
            })
        },
    )
}

/// What should happen: a bucket of tokens and a queue for each key, one tick after the other.
#[derive(Default)]
struct Model {
    table: BTreeMap<Option<u8>, KeyQueue>,
    outcomes: BTreeMap<usize, Outcome>,
}

struct KeyQueue {
    /// In ticks: `period` of them are a permit.
    filled: u64,
    queue: VecDeque<(usize, u64)>,
}

impl Model {
    fn arrive(&mut self, script: &Script, now: u64, id: usize) {
        let Arrival { key, cost, .. } = script.arrivals[id];
        let full = script.period * u64::from(script.burst);
        let queue = self.table.entry(key).or_insert(KeyQueue {
            filled: full,
            queue: VecDeque::new(),
        });
        let ahead: u64 = queue.queue.iter().map(|(_, price)| price).sum();
        let price = script.period * u64::from(cost);
        let needed = (ahead + price).saturating_sub(queue.filled);
        if script.max_wait.is_some_and(|limit| needed > limit) {
            let needed = TICK * u32::try_from(needed).unwrap();
            self.outcomes
                .insert(id, Outcome::Rejected { at: now, needed });
            return;
        }
        queue.queue.push_back((id, price));
        self.serve(now);
    }

    fn drop_call(&mut self, now: u64, id: usize) {
        for queue in self.table.values_mut() {
            queue.queue.retain(|(other, _)| *other != id);
        }
        self.outcomes
            .entry(id)
            .or_insert(Outcome::Dropped { at: now });
        self.serve(now);
    }

    fn tick(&mut self, script: &Script, now: u64) {
        for queue in self.table.values_mut() {
            queue.filled = (queue.filled + 1).min(script.period * u64::from(script.burst));
        }
        self.serve(now);
    }

    fn serve(&mut self, now: u64) {
        for queue in self.table.values_mut() {
            while let Some((id, price)) = queue.queue.front().copied() {
                if price > queue.filled {
                    break;
                }
                queue.filled -= price;
                queue.queue.pop_front();
                self.outcomes.insert(id, Outcome::Admitted { at: now });
            }
        }
    }
}

/// Runs the calls of a script on a manual clock, and the model beside them.
fn play(script: &Script) -> (BTreeMap<usize, Outcome>, BTreeMap<usize, Outcome>) {
    let clock = ManualClock::new();
    let period = TICK * u32::try_from(script.period).unwrap();
    let mut config = RateLimitConfig::new(quota(period, script.burst)).with_clock(clock.clone());
    config.max_wait = script
        .max_wait
        .map(|ticks| TICK * u32::try_from(ticks).unwrap());
    let limit = local(config);

    let mut model = Model::default();
    let mut outcomes = BTreeMap::new();
    let mut calls: BTreeMap<usize, (u64, Call<'_>)> = BTreeMap::new();
    let mut due: VecDeque<(u64, usize)> = VecDeque::new();
    let mut at = 0;
    for (id, arrival) in script.arrivals.iter().enumerate() {
        at += arrival.gap;
        due.push_back((at, id));
    }
    let mut now = 0;
    while !(due.is_empty() && calls.is_empty()) {
        settle(&mut calls, &mut outcomes, now);
        let bored: Vec<_> = calls
            .iter()
            .filter(|(_, (until, _))| *until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in bored {
            // The drop of another may have let it start just now.
            if calls.remove(&id).is_none() {
                continue;
            }
            outcomes.insert(id, Outcome::Dropped { at: now });
            model.drop_call(now, id);
            settle(&mut calls, &mut outcomes, now);
        }
        while due.front().is_some_and(|(when, _)| *when <= now) {
            let (_, id) = due.pop_front().unwrap();
            let arrival = &script.arrivals[id];
            let until = arrival
                .dropped_after
                .map_or(u64::MAX, |ticks| now + ticks.max(1));
            calls.insert(id, (until, call(&limit, &clock, arrival.key, arrival.cost)));
            model.arrive(script, now, id);
            settle(&mut calls, &mut outcomes, now);
        }
        now += 1;
        clock.advance(TICK);
        model.tick(script, now);
    }
    assert_eq!(
        (limit.waiting(), clock.sleepers()),
        (0, 0),
        "nothing is left behind"
    );
    (outcomes, model.outcomes)
}

/// Polls the latest first, which must not help any call to jump the queue, until no call gets on any more.
fn settle(
    calls: &mut BTreeMap<usize, (u64, Call<'_>)>,
    outcomes: &mut BTreeMap<usize, Outcome>,
    now: u64,
) {
    loop {
        let mut ended = Vec::new();
        for (id, (_, call)) in calls.iter_mut().rev() {
            if let Poll::Ready(result) = poll(call.as_mut()) {
                ended.push((*id, result));
            }
        }
        if ended.is_empty() {
            return;
        }
        for (id, result) in ended {
            calls.remove(&id);
            let outcome = match result {
                Ok(()) => Outcome::Admitted { at: now },
                Err(rejected) => match rejected.kind() {
                    RejectedKind::RateWait { needed, .. } => Outcome::Rejected {
                        at: now,
                        needed: *needed,
                    },
                    other => panic!("{other:?}"),
                },
            };
            outcomes.insert(id, outcome);
        }
    }
}

proptest! {
    /// Arrival order, no lost permit, no lost wake-up, exact and immediate rejections, under drops: all in one, since the
    /// model knows when each call has to start.
    #[test]
    fn every_call_starts_or_is_rejected_exactly_when_the_model_says(script in scripts()) {
        let (real, model) = play(&script);
        prop_assert_eq!(real, model);
    }

    #[test]
    fn no_window_holds_more_than_burst_and_rate(script in scripts()) {
        let (real, _) = play(&script);
        for key in [None, Some(0), Some(1)] {
            let starts: Vec<(u64, u64)> = real
                .iter()
                .filter(|(id, _)| script.arrivals[**id].key == key)
                .filter_map(|(id, outcome)| match outcome {
                    Outcome::Admitted { at } => Some((*at, u64::from(script.arrivals[*id].cost))),
                    _ => None,
                })
                .collect();
            for (first, (from, _)) in starts.iter().enumerate() {
                for last in first..starts.len() {
                    let permits: u64 = starts[first..=last].iter().map(|(_, cost)| cost).sum();
                    let window = starts[last].0 - from;
                    prop_assert!(permits <= u64::from(script.burst) + window / script.period);
                }
            }
        }
    }
}
