use std::fmt;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use opero_core::sync::lock;

use super::run_progress::RunProgress;
use super::ticker::Show;

/// A line now and then, where there is no terminal. A run that is shorter than the interval prints
/// none.
pub(super) struct Plain {
    progress: RunProgress,
    lines: Mutex<Printed>,
}

struct Printed {
    to: Box<dyn Write + Send>,
    count: u64,
    ended: bool,
}

pub(super) const INTERVAL: Duration = Duration::from_secs(10);

impl Plain {
    pub(super) fn new(progress: RunProgress, to: Box<dyn Write + Send>) -> Self {
        let lines = Mutex::new(Printed {
            to,
            count: 0,
            ended: false,
        });
        Self { progress, lines }
    }

    /// Prints the last line of a run that was shown.
    pub(super) fn end(&self) {
        let mut lines = lock(&self.lines);
        if lines.count > 0 {
            lines.print(&self.progress.last_line());
        }
        lines.ended = true;
    }
}

impl Show for Plain {
    fn show(&self) {
        let mut lines = lock(&self.lines);
        if !lines.ended {
            self.progress.sample();
            lines.print(&self.progress.line());
        }
    }
}

impl Printed {
    /// Prints in one piece, so that nothing comes in between.
    fn print(&mut self, line: &str) {
        let _ = self.to.write_all(line.as_bytes());
        let _ = self.to.flush();
        self.count += 1;
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::time::Instant;

    use super::super::ticker;
    use super::*;
    use crate::report::statistics::{Detail, Statistics};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(lock(&self.0).clone()).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn plain(paper: &Paper) -> (Arc<Statistics>, Arc<Plain>) {
        let statistics = Arc::new(Statistics::new(
            Arc::new(opero_core::SystemClock),
            Detail::Progress,
        ));
        for item in 0..1_200 {
            statistics
                .shard(item)
                .record(Some(Duration::ZERO), item >= 3);
        }
        let progress = RunProgress::new("fetch", Some(5_000), &statistics);
        let plain = Plain::new(progress, Box::new(paper.clone()));
        (statistics, Arc::new(plain))
    }

    #[test]
    fn a_short_run_prints_nothing() {
        let paper = Paper::default();
        let (_, plain) = plain(&paper);
        plain.end();
        plain.show();
        assert_eq!(paper.text(), "");
    }

    #[test]
    fn a_long_run_prints_a_line_at_each_interval_and_one_at_its_end() {
        let paper = Paper::default();
        let (statistics, plain) = plain(&paper);
        let entry = ticker::show(Arc::clone(&plain) as _, Duration::from_millis(1)).unwrap();
        let limit = Instant::now() + Duration::from_secs(30);
        while paper.text().lines().count() < 3 {
            assert!(Instant::now() < limit, "no three lines");
            std::thread::yield_now();
        }
        entry.remove();
        plain.end();
        let text = paper.text();
        for line in text.lines() {
            let counts = "fetch: 1,200 of 5,000 done, 3 failed, ";
            assert!(line.starts_with(counts), "{line}");
        }
        assert!(text.lines().next().unwrap().ends_with(" left"), "{text}");
        assert!(text.contains("/s, ended after 0 s\n"), "{text}");
        // Nothing comes behind the end, and nothing holds the counts.
        plain.show();
        assert_eq!(paper.text(), text);
        drop(plain);
        while Arc::strong_count(&statistics) > 1 {
            assert!(Instant::now() < limit, "the ticker keeps a run that ended");
            std::thread::yield_now();
        }
    }
}
