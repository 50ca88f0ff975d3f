use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opero_core::sync::lock;

use super::figures::{self, Figures};
use crate::report::statistics::Statistics;

/// The progress of a run: what a bar and a plain line show.
pub(super) struct RunProgress {
    name: &'static str,
    length: Option<u64>,
    statistics: Arc<Statistics>,
    started: Instant,
    speed: Mutex<Speed>,
}

impl RunProgress {
    pub(super) fn new(
        name: &'static str,
        length: Option<u64>,
        statistics: &Arc<Statistics>,
    ) -> Self {
        let started = Instant::now();
        Self {
            name,
            length,
            statistics: Arc::clone(statistics),
            started,
            speed: Mutex::new(Speed::new(started)),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    pub(super) fn figures(&self) -> Figures {
        Figures::read(&self.statistics, self.length)
    }

    /// Samples how many items were executed since the last sample.
    pub(super) fn sample(&self) {
        let executed = self.statistics.executed();
        lock(&self.speed).sample(executed, Instant::now());
    }

    pub(super) fn rate(&self) -> String {
        figures::rate(lock(&self.speed).per_second())
    }

    /// Returns `32 s left`, or `after 5 s` where the rest cannot be known.
    pub(super) fn time(&self) -> String {
        let figures = self.figures();
        let rest = figures
            .length
            .map(|length| length.saturating_sub(figures.done));
        let per_second = lock(&self.speed).per_second();
        match rest.and_then(|rest| figures::remaining(rest, per_second)) {
            Some(time) => figures::left(time),
            None => format!("after {}", figures::span(self.started.elapsed())),
        }
    }

    /// Returns all of it as a line.
    pub(super) fn line(&self) -> String {
        let (name, figures) = (self.name, self.figures());
        format!("{name}: {figures}, {}, {}\n", self.rate(), self.time())
    }

    /// Returns the final figures as a line.
    pub(super) fn last_line(&self) -> String {
        let (name, figures) = (self.name, self.figures());
        let took = self.started.elapsed();
        let rate = figures::rate(self.statistics.executed() as f64 / took.as_secs_f64());
        format!(
            "{name}: {figures}, {rate}, ended after {}\n",
            figures::span(took)
        )
    }
}

/// The rate at which a run executes items. Results of earlier runs and of a cache are not counted:
/// they say nothing of how long the rest takes.
///
/// The further back, the less an item counts: after the last half minute, or the last quarter of a
/// long run, by a factor of e. So it follows a run that slows down, and does not flicker where
/// items take minutes.
struct Speed {
    started: Instant,
    sampled: Instant,
    executed: u64,
    items: f64,
    seconds: f64,
}

const RATE_WINDOW: Duration = Duration::from_secs(30);

impl Speed {
    fn new(started: Instant) -> Self {
        Self {
            started,
            sampled: started,
            executed: 0,
            items: 0.0,
            seconds: 0.0,
        }
    }

    fn sample(&mut self, executed: u64, now: Instant) {
        let passed = now.saturating_duration_since(self.sampled).as_secs_f64();
        let window = RATE_WINDOW.max(now.saturating_duration_since(self.started) / 4);
        let kept = (-passed / window.as_secs_f64()).exp();
        self.items = self.items * kept + executed.saturating_sub(self.executed) as f64;
        self.seconds = self.seconds * kept + passed;
        (self.sampled, self.executed) = (now, executed);
    }

    fn per_second(&self) -> f64 {
        if self.seconds > 0.0 {
            self.items / self.seconds
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use opero_core::{Event, Observer, SystemClock};
    use proptest::prelude::*;

    use super::*;
    use crate::report::statistics::Detail;

    fn after(samples: impl IntoIterator<Item = (u64, u64)>) -> f64 {
        let started = Instant::now();
        let mut speed = Speed::new(started);
        for (seconds, executed) in samples {
            speed.sample(executed, started + Duration::from_secs(seconds));
        }
        speed.per_second()
    }

    proptest! {
        #[test]
        fn a_steady_run_has_its_rate(per_second in 0_u64..100_000, seconds in 1_u64..100_000, step in 1_u64..500) {
            let samples = (1..=seconds.div_ceil(step)).map(|n| (n * step, n * step * per_second));
            let expected = per_second as f64;
            prop_assert!((after(samples) - expected).abs() <= expected * 1e-9);
        }
    }

    #[test]
    fn a_run_that_slows_down_is_believed() {
        // Two minutes at 100 a second, then two at one in ten seconds.
        let fast = (1..=120).map(|second| (second, second * 100));
        let slow = (121..=240).map(|second| (second, 12_000 + (second - 120) / 10));
        let rate = after(fast.chain(slow));
        assert!(rate < 4.0, "{rate}");
    }

    #[test]
    fn items_that_take_minutes_have_a_rate_all_the_time() {
        // One in five minutes.
        for end in 1_800..2_400 {
            let rate = after((1..=end).map(|second| (second, second / 300)));
            assert!((0.0017..0.0067).contains(&rate), "{rate} after {end} s");
        }
    }

    /// 990 items come from an earlier run or out of the cache; one was executed, and took three
    /// seconds.
    #[test]
    fn only_executed_items_count() {
        for cached in [false, true] {
            let statistics = Statistics::new(Arc::new(SystemClock), Detail::Progress);
            let statistics = Arc::new(statistics);
            let progress = RunProgress::new("f", Some(1_000), &statistics);
            for item in 0..990 {
                let shard = statistics.shard(item);
                if cached {
                    shard.on_event("f", &Event::CacheHit);
                    shard.record(Some(Duration::ZERO), true);
                } else {
                    shard.record_known(true);
                }
            }
            statistics.shard(0).record(Some(Duration::ZERO), true);
            let three_seconds = progress.started + Duration::from_secs(3);
            lock(&progress.speed).sample(statistics.executed(), three_seconds);
            assert_eq!(progress.rate(), "0.3/s");
            assert_eq!(progress.time(), "27 s left");
            assert!(progress.line().starts_with("f: 991 of 1,000 done, "));
        }
    }
}
