use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use opero_core::{Attempt, Clock, Context, Error, Event, ManualClock, WaitMode};
use opero_map::{IntoSource, Job, MapConfig, Run, map, map_async};

/// Emits what stages around a function would.
struct Eventful;

impl Job<u64> for Eventful {
    type Output = ();
    type Error = ();
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    async fn run(&self, cx: &Context<'_>, item: u64) -> Result<(), Error<()>> {
        let attempt = Attempt::FIRST;
        cx.emit(Event::CacheHit);
        cx.emit(Event::CacheMiss);
        cx.emit(Event::CacheCoalesced);
        for _ in 0..3 {
            cx.emit(Event::ExecutionStarted { attempt });
        }
        let delay = Duration::ZERO;
        cx.emit(Event::RetryScheduled { attempt, delay });
        cx.emit(Event::RetryScheduled { attempt, delay });
        cx.emit(Event::FallbackUsed { attempt });
        let waited = Duration::from_millis(5);
        cx.emit(Event::PermitWaited { waited });
        cx.sleep(Duration::from_millis(item)).await;
        if item.is_multiple_of(10) {
            Err(().into())
        } else {
            Ok(())
        }
    }
}

#[test]
fn the_report_counts_what_happened() {
    let clock = ManualClock::auto();
    let config = MapConfig {
        clock: Arc::new(clock.clone()),
        workers: Some(1),
        ..MapConfig::default()
    };
    let started = clock.now();
    let (results, report) =
        Run::new("eventful", (1..=100).into_source(), Eventful, config).run_report();
    assert_eq!(results.len(), 100);
    assert_eq!((report.items, report.ok, report.failed), (100, 90, 10));
    assert_eq!(
        (report.executions, report.cache_hits, report.coalesced),
        (300, 100, 100)
    );
    assert_eq!((report.retries, report.fallbacks), (200, 100));
    assert!((report.permit_wait_s - 0.5).abs() < 1e-9);
    assert!((report.wall_s - clock.now().since(started).as_secs_f64()).abs() < 1e-9);
    let near = |shown: f64, exact: f64| (shown - exact).abs() <= exact / 100.0;
    let latency = report.latency_ms;
    assert!(near(latency.p50, 50.0) && near(latency.p95, 95.0) && near(latency.p99, 99.0));
    assert!((latency.max - 100.0).abs() < 1e-9);
}

#[tokio::test]
async fn every_way_to_run_has_the_report() {
    fn work(n: u32) -> Result<u32, ()> {
        if n == 3 { Err(()) } else { Ok(n) }
    }
    let sync = || map(0..10, work).workers(2);
    let tasks = || map_async(0..10, async |n| work(n));
    let (_, awaited) = tasks().with_report().await;
    let (_, beside) = sync().with_report().await;
    let (_, blocking) = sync().with_report().run();
    let mut iter = sync().iter();
    assert_eq!(iter.by_ref().count(), 10);
    let mut stream = tasks().stream();
    while stream.next().await.is_some() {}
    for report in [awaited, beside, blocking, iter.report(), stream.report()] {
        assert_eq!(
            (report.items, report.ok, report.failed, report.executions),
            (10, 9, 1, 10)
        );
    }
}
