//! Durations and counts as a report shows them.

use std::time::Duration;

/// Returns milliseconds, rounded to the microsecond; shorter durations exactly.
pub(crate) fn millis(duration: Duration) -> f64 {
    nanos_in_millis(nanos(duration))
}

/// Returns seconds, rounded to the microsecond; shorter durations exactly.
pub(super) fn seconds(duration: Duration) -> f64 {
    in_units(nanos(duration), 1_000_000_000)
}

/// Returns nanoseconds, at most `u64::MAX`.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn nanos_in_millis(nanos: u64) -> f64 {
    in_units(nanos, 1_000_000)
}

/// Divides once, so that the decimal number has no tail.
fn in_units(nanos: u64, unit: u32) -> f64 {
    let rounded = match nanos {
        0..1_000 => nanos,
        _ => nanos.saturating_add(500) / 1_000 * 1_000,
    };
    rounded as f64 / f64::from(unit)
}

/// Returns a number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn grouping_changes_no_digit(number: u64) {
            let grouped = grouped(number);
            prop_assert_eq!(grouped.replace(',', ""), number.to_string());
            let mut groups = grouped.split(',');
            prop_assert!((1..=3).contains(&groups.next().unwrap().len()));
            prop_assert!(groups.all(|group| group.len() == 3));
        }
    }

    #[test]
    fn times_are_shown_to_the_microsecond_without_a_tail() {
        for (nanos, shown) in [
            (4_177_526_784, "4177.527"),
            (1_499, "0.001"),
            (999, "0.000999"),
            (0, "0"),
        ] {
            assert_eq!(nanos_in_millis(nanos).to_string(), shown);
        }
        assert_eq!(
            seconds(Duration::from_nanos(4_177_526_784)).to_string(),
            "4.177527"
        );
        for micros in (1..1_000_000_u64).step_by(997) {
            let shown = nanos_in_millis(micros * 1_000).to_string();
            assert!(
                shown.split('.').nth(1).is_none_or(|d| d.len() <= 3),
                "{shown}"
            );
        }
    }
}
