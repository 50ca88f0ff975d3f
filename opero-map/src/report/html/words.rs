//! Numbers, times and texts as the page shows them.

use crate::calendar;
use crate::report::units::grouped;

/// Text that is neither a tag nor the end of an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `1 item`, `2 items`.
pub(super) fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// A duration to three digits, in the unit that suits it: `45.6 ms`.
pub(super) fn duration(ms: f64) -> String {
    let (value, unit) = match ms {
        0.0 => return "0".to_owned(),
        _ if ms >= 7_200_000.0 => (ms / 3_600_000.0, "h"),
        _ if ms >= 120_000.0 => (ms / 60_000.0, "min"),
        _ if ms >= 1_000.0 => (ms / 1_000.0, "s"),
        _ if ms >= 1.0 => (ms, "ms"),
        _ if ms >= 1e-3 => (ms * 1e3, "µs"),
        _ => (ms * 1e6, "ns"),
    };
    format!("{}\u{a0}{unit}", three_digits(value))
}

/// How many items a second; nothing where no time passed.
pub(super) fn rate(number: u64, seconds: f64) -> Option<String> {
    let rate = number as f64 / seconds;
    let shown = match rate {
        _ if !rate.is_finite() => return None,
        // A rate this high is far below what an integer holds.
        1_000.0.. => grouped(rate.round() as u64),
        _ => three_digits(rate),
    };
    Some(format!("{shown} items/s"))
}

/// A share of a whole: `24.3 %`.
pub(super) fn share(part: u64, whole: u64) -> String {
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    match percent {
        _ if part > 0 && percent < 0.01 => "under 0.01 %".to_owned(),
        _ => format!("{} %", three_digits(percent)),
    }
}

/// Three digits, without zeros behind the point.
pub(super) fn three_digits(value: f64) -> String {
    let decimals = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let shown = format!("{value:.decimals$}");
    if decimals == 0 {
        return shown;
    }
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A moment, given in seconds since the Unix epoch, as `2026-11-24 14:31:05 UTC`.
pub(super) fn moment(unix_s: f64) -> String {
    // What is before 1970 is a clock that was never set.
    let seconds = unix_s.max(0.0) as u64;
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = calendar::date(days);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        assert_eq!(
            [0, 999, 1_000, 12_345_678].map(grouped),
            ["0", "999", "1,000", "12,345,678"]
        );
        assert_eq!(
            (counted(1, "item"), counted(2_000, "item")),
            ("1 item".into(), "2,000 items".into())
        );
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(0, 0), "0 %");
        assert_eq!(share(1, 300_000), "under 0.01 %");
        assert_eq!(rate(10, 0.0), None);
        assert_eq!(rate(12_345, 1.0).as_deref(), Some("12,345 items/s"));
        assert_eq!(rate(1, 4.0).as_deref(), Some("0.25 items/s"));
    }

    #[test]
    fn a_duration_has_the_unit_that_suits_it() {
        let shown = [0.0, 4e-5, 0.25, 45.61, 100.0, 1_234.0, 150_000.0, 1e7].map(duration);
        let expected = [
            "0", "40 ns", "250 µs", "45.6 ms", "100 ms", "1.23 s", "2.5 min", "2.78 h",
        ];
        assert_eq!(shown.map(|text| text.replace('\u{a0}', " ")), expected);
    }

    #[test]
    fn moments_are_dates() {
        for (seconds, date) in [
            (0.0, "1970-01-01 00:00:00 UTC"),
            (951_782_399.9, "2000-02-28 23:59:59 UTC"),
            (951_782_400.0, "2000-02-29 00:00:00 UTC"),
            (1_795_530_665.0, "2026-11-24 14:31:05 UTC"),
            (4_107_542_400.0, "2100-03-01 00:00:00 UTC"),
            (-5.0, "1970-01-01 00:00:00 UTC"),
        ] {
            assert_eq!(moment(seconds), date);
        }
    }

    proptest! {
        #[test]
        fn escaped_text_has_no_markup_and_is_not_lost(text: String) {
            let escaped = escaped(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let back = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            prop_assert_eq!(back.replace("&#39;", "'").replace("&amp;", "&"), text);
        }

        #[test]
        fn any_number_can_be_shown(ms: f64, items: u64) {
            let _ = (duration(ms), rate(items, ms), moment(ms), share(items, items / 2));
        }
    }
}
