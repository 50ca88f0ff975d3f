use std::fmt;
use std::time::{Duration, SystemTime};

use crate::calendar;

/// An item in a journal: what became of it, without the item and its value.
///
/// Displayed it is one row of a table, below [`Entry::COLUMNS`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The item's place in the input of the run that recorded it, from 0.
    pub index: usize,
    /// Whether it succeeded.
    pub state: State,
    /// How often the function was executed for it; 0 where a cache had the result.
    pub attempts: u32,
    /// When work on it began.
    pub started: SystemTime,
    /// How long that took, all attempts and all waiting together.
    pub took: Duration,
    /// Which worker process executed it last, from 0; `None` where none did.
    pub worker: Option<usize>,
    /// The error's own text, or its first 1024 bytes.
    pub error: Option<String>,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It has a value.
    Ok = 0,
    /// It failed, after all of its attempts.
    Failed = 1,
}

impl State {
    pub(super) fn of(byte: u8) -> Option<Self> {
        [Self::Ok, Self::Failed].get(usize::from(byte)).copied()
    }
}

impl Entry {
    /// The heading of the table's columns. `started` is in UTC.
    pub const COLUMNS: &str =
        "      item  state   attempts  started                            took  worker  error";
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok",
            State::Failed => "failed",
        };
        let worker = self
            .worker
            .map_or_else(|| "-".into(), |worker| worker.to_string());
        let took = format!("{:.3} ms", self.took.as_secs_f64() * 1e3);
        write!(
            f,
            "{:>10}  {state:<6}  {:>8}  {}  {took:>14}  {worker:>6}  ",
            self.index,
            self.attempts,
            Utc(self.started),
        )?;
        // In one row, and without what would move a terminal's cursor.
        let error = self.error.as_deref().unwrap_or("");
        error.chars().try_for_each(|char| match char {
            control if control.is_control() => write!(f, "{}", control.escape_default()),
            char => write!(f, "{char}"),
        })
    }
}

/// As `2026-01-31T23:59:59.999`.
struct Utc(SystemTime);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.unwrap_or_default();
        let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        let (year, month, day) = calendar::date(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}",
            second / 3600,
            second / 60 % 60,
            second % 60,
            since.subsec_millis()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_in_line_with_the_columns_and_an_error_stays_in_it() {
        let entry = Entry {
            index: 12,
            state: State::Failed,
            attempts: 3,
            started: SystemTime::UNIX_EPOCH + Duration::from_millis(951_782_400_007),
            took: Duration::from_micros(1_250),
            worker: Some(1),
            error: Some("two\nlines \u{1b}[2J".into()),
        };
        let row = entry.to_string();
        assert_eq!(
            row,
            "        12  failed         3  2000-02-29T00:00:00.007        1.250 ms       1  two\\nlines \\u{1b}[2J"
        );
        for (column, value) in [("state", "failed"), ("started", "2000"), ("error", "two")] {
            assert_eq!(Entry::COLUMNS.find(column), row.find(value), "{column}");
        }
    }
}
