//! The report as a page, opened in a real browser: it shows what the report says, at any width, and needs no network.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use opero::extend::{Attempt, Context};
use opero::map::{IntoSource, Job, MapConfig, Phase, Report, Run, WaitMode};
use opero::{Error, Event, operomap};

use crate::support::{Answers, Directory, look_at, runtime};

/// A wide window, and a phone's.
const WIDTHS: [u32; 2] = [1280, 390];

static CALLS: AtomicU32 = AtomicU32::new(0);

#[operomap(
    retries = 2,
    min_delay = "5ms",
    max_delay = "10ms",
    rate_limit = 600,
    workers = 6,
    progress = false
)]
async fn fetch(
    page: u32,
    #[fallback("north", "south")] server: &str,
) -> Result<u32, Error<&'static str>> {
    CALLS.fetch_add(1, SeqCst);
    let slow = if page.is_multiple_of(9) { 12 } else { 3 };
    tokio::time::sleep(Duration::from_millis(slow)).await;
    match (page % 10, server) {
        (3, "north") => Err("overloaded")?,
        (7, _) => Err("gone")?,
        _ => Ok(page),
    }
}

fn fetched() -> Report {
    // Each page twice: the second time it is in the cache, or waited for.
    let pages: Vec<u32> = (0..60).flat_map(|page| [page, page]).collect();
    let (_, report) = runtime().block_on(fetch(pages).timeline(true).with_report().into_future());
    report
}

/// What holds for every page.
fn check(page: &str, report: &Report) -> Vec<Answers> {
    let looks = look_at(page, &WIDTHS);
    for (answers, width) in looks.iter().zip(WIDTHS) {
        assert_eq!(answers.number("overflow"), 0.0, "{width}: {answers:?}");
        assert_eq!(answers.text("texts outside"), "", "{width}");
        assert_eq!(answers.number("requests"), 0.0);
        assert_eq!(answers.number("links"), 0.0);
        assert_eq!(answers.number("bars"), report.latency_bars.len() as f64);
        assert_eq!(answers.number("bars outside"), 0.0);
        assert_eq!(answers.number("names that meet"), 0.0);
        let figures = answers.text("figures").replace(',', "");
        for (name, figure) in [
            ("Items with a result", report.items),
            ("Succeeded", report.ok),
            ("Failed", report.failed),
            ("Executions of the function", report.executions),
            ("Retries", report.retries),
            ("Fallback values turned to", report.fallbacks),
            ("Results from the cache", report.cache_hits),
            ("Results from a concurrent call", report.coalesced),
            ("Results from earlier runs", report.resumed),
            ("Worker processes lost", report.crashes),
        ] {
            let row = format!("{name} {figure}");
            assert!(figures.contains(&row), "`{row}` in {figures}");
        }
    }
    looks
}

#[test]
fn the_page_shows_attempts_waits_and_hits() {
    let report = fetched();
    let timeline = report.timeline.as_ref().unwrap();
    assert_eq!((timeline.items, timeline.shown), (120, 120));
    let spans = |phase| {
        timeline
            .spans
            .iter()
            .filter(|span| span.phase == phase)
            .count() as u64
    };
    assert_eq!(
        spans(Phase::Execution) + spans(Phase::FailedExecution),
        report.executions
    );
    assert_eq!(u64::from(CALLS.load(SeqCst)), report.executions);
    assert_eq!(spans(Phase::Backoff), report.retries);
    assert_eq!(spans(Phase::CacheHit), report.cache_hits);
    assert_eq!(spans(Phase::Coalesced), report.coalesced);
    assert!(spans(Phase::PermitWait) > 0 && report.retries > 0 && report.fallbacks > 0);

    for answers in check(&report.to_html(), &report) {
        assert_eq!(answers.text("heading"), "all::report::fetch");
        assert!(answers.text("tiles").contains("Items 120"), "{answers:?}");
        assert_eq!(answers.number("drawn"), timeline.spans.len() as f64);
        assert_eq!(answers.number("rows"), 6.0);
        assert!(answers.number("width") > 300.0 && answers.number("height") > 60.0);
        for name in ["ok", "fail", "permit", "hit"] {
            let points = answers.number(&format!("points of {name}"));
            assert!(points > 20.0, "{name}: {points}");
        }
        let legend = answers.text("legend");
        for entry in [
            "executed",
            "failed",
            "waits for a permit",
            "waits to try again",
        ] {
            assert!(legend.contains(entry), "{legend}");
        }
        assert!(
            answers.text("pointed at").starts_with("item "),
            "{answers:?}"
        );
        assert_eq!(answers.number("tip outside"), 0.0);
        assert!(
            answers.text("chosen by key").contains("(worker loop 0)"),
            "{answers:?}"
        );
        assert!(answers.number("drawn close") < answers.number("drawn"));
        assert_eq!(answers.text("drawn again"), answers.text("drawn"));
    }
}

/// A job without a pipeline around it, under any name.
struct Trivial;

impl Job<u32> for Trivial {
    type Output = u32;
    type Error = &'static str;
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    async fn run(&self, cx: &Context<'_>, item: u32) -> Result<u32, Error<&'static str>> {
        let attempt = Attempt::FIRST;
        cx.emit(Event::ExecutionStarted { attempt });
        let elapsed = Duration::ZERO;
        let ok = item != 3;
        cx.emit(Event::ExecutionEnded {
            attempt,
            elapsed,
            ok,
        });
        if ok { Ok(item) } else { Err("three".into()) }
    }
}

fn trivial(name: &'static str, items: u32, timeline: bool) -> Report {
    let config = MapConfig {
        workers: Some(2),
        progress: false,
        timeline,
        ..MapConfig::default()
    };
    let (_, report) = Run::new(name, (0..items).into_source(), Trivial, config).run_report();
    report
}

#[test]
fn a_name_is_shown_and_never_obeyed() {
    let name = "</title><script>document.title = 'obeyed'</script><b>&amp;\"'";
    let report = trivial(name, 10, true);
    for answers in check(&report.to_html(), &report) {
        assert_eq!(
            answers
                .text("heading")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&"),
            name
        );
        assert!(!answers.text("title").starts_with("obeyed"));
    }
}

#[test]
fn without_a_timeline_there_are_the_figures() {
    let report = trivial("trivial", 10, false);
    let page = report.to_html();
    assert!(!page.contains("<script"));
    for answers in check(&page, &report) {
        assert_eq!(answers.number("canvas"), 0.0);
        assert!(
            answers.text("tiles").contains("Items 10 1 failed, 10 %"),
            "{answers:?}"
        );
    }
}

#[test]
fn a_run_of_no_items_has_a_page() {
    let report = trivial("nothing", 0, true);
    for answers in check(&report.to_html(), &report) {
        assert!(answers.text("tiles").contains("Items 0"));
        assert_eq!(answers.number("rows"), 0.0);
    }
}

#[test]
fn a_long_run_is_shown_in_part_and_says_so() {
    let report = trivial("long", 300_000, true);
    let timeline = report.timeline.as_ref().unwrap();
    assert!(timeline.one_in > 1 && timeline.spans.len() <= 20_000);
    let page = report.to_html();
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(page.contains(&format!("of 300,000 items: one in {}", timeline.one_in)));
    for answers in check(&page, &report) {
        assert_eq!(answers.number("drawn"), timeline.spans.len() as f64);
    }
}

#[test]
fn the_page_is_written_into_a_file() {
    let directory = Directory::new();
    let file = directory.path("run.html");
    let report = trivial("trivial", 10, true);
    report.write_html(&file).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), report.to_html());
    assert!(
        report
            .write_html(directory.path("missing/run.html"))
            .is_err()
    );
}

#[operomap(
    mode = "process",
    workers = 2,
    retries = 1,
    min_delay = "2ms",
    rate_limit = "200/s",
    cache = false,
    progress = false,
    timeline = true
)]
fn worked(item: u32) -> Result<u32, String> {
    std::thread::sleep(Duration::from_millis(4));
    match item {
        11 => std::process::abort(),
        13 => Err("thirteen".into()),
        _ => Ok(item),
    }
}

#[test]
fn the_page_shows_each_worker_and_its_death() {
    let (results, report) = worked(0..40).run_report();
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 2);
    let timeline = report.timeline.as_ref().unwrap();
    assert_eq!((report.crashes, report.ok), (2, 38));
    assert!(report.workers_started >= 4, "{report}");
    let executed = |phase| {
        let spans = timeline
            .spans
            .iter()
            .filter(move |span| span.phase == phase);
        spans.filter(|span| span.worker.is_some()).count() as u64
    };
    // Those that ended with their worker, too.
    assert_eq!(executed(Phase::FailedExecution), 4);
    assert_eq!(executed(Phase::Execution), 38);
    let lost = timeline.workers.iter().filter(|change| change.is_loss());
    assert!(lost.clone().all(|change| change.signal == Some(6)));
    assert_eq!(lost.count(), 2);

    for answers in check(&report.to_html(), &report) {
        // Two workers, and what no worker has.
        assert_eq!(answers.number("rows"), 3.0);
        let drawn = timeline.spans.len() + timeline.workers.len();
        assert_eq!(answers.number("drawn"), drawn as f64);
        let tiles = answers.text("tiles");
        assert!(tiles.contains("started; 2 lost"), "{tiles}");
        let legend = answers.text("legend");
        assert!(legend.contains("worker starts, worker lost"), "{legend}");
        assert!(answers.number("points of worker") + answers.number("points of permit") > 20.0);
    }
}

#[operomap(resume_version = 1, cache = false, workers = 2, progress = false)]
fn recorded(item: u32) -> Result<u32, String> {
    Ok(item)
}

#[test]
fn the_timeline_is_of_this_run_and_not_of_those_before() {
    let directory = Directory::new();
    let journal = directory.path("journal");
    let run = |items| {
        let run = recorded(items).resume(&journal).timeline(true);
        run.run_report().1
    };
    assert_eq!(run((0..30).collect::<Vec<_>>()).timeline.unwrap().items, 30);
    let report = run((0..50).collect());
    assert_eq!(report.resumed, 30);
    let timeline = report.timeline.as_ref().unwrap();
    assert_eq!((timeline.items, timeline.shown), (20, 20));
    assert!(timeline.spans.iter().all(|span| span.item >= 30));
    for answers in check(&report.to_html(), &report) {
        let tiles = answers.text("tiles");
        assert!(
            tiles.contains("From earlier runs 30 60 % of the items"),
            "{tiles}"
        );
    }
}
