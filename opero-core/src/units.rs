//! Durations, rates and sizes as users write them, for the attributes and the configuration alike.

use std::time::Duration;

/// A duration from a number of seconds.
///
/// # Errors
/// A phrase for an error message, where the number is negative, not finite, or too large for a `Duration`.
///
/// ```
/// use opero_core::units::seconds;
/// use std::time::Duration;
///
/// assert_eq!(seconds(0.1), Ok(Duration::from_millis(100)));
/// assert_eq!(seconds(-1.0), Err("is negative"));
/// ```
pub fn seconds(seconds: f64) -> Result<Duration, &'static str> {
    if !seconds.is_finite() {
        return Err("is not a finite number");
    }
    if seconds < 0.0 {
        return Err("is negative");
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| "is too large")
}

/// A duration from a text such as `"250ms"`, `"1h"` or `"1m 30s"`.
///
/// # Errors
/// A phrase for an error message.
///
/// ```
/// use opero_core::units::duration;
/// use std::time::Duration;
///
/// assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
/// assert!(duration("soon").is_err());
/// ```
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text.trim()).map_err(
        |_| "is not a duration; write a number of seconds, or a text like \"250ms\" or \"1h\"",
    )
}

/// The time between two starts, from a rate such as `"100/min"`, `"5/s"` or `"1000/h"`.
///
/// # Errors
/// A phrase for an error message.
///
/// ```
/// use opero_core::units::rate;
/// use std::time::Duration;
///
/// assert_eq!(rate("100/min"), Ok(Duration::from_millis(600)));
/// assert!(rate("100 per minute").is_err());
/// ```
pub fn rate(text: &str) -> Result<Duration, &'static str> {
    const HELP: &str =
        "is not a rate; write a number of starts per second, or a text like \"100/min\"";
    let (count, unit) = text.split_once('/').ok_or(HELP)?;
    let count: f64 = count.trim().parse().map_err(|_| HELP)?;
    let unit = match unit.trim() {
        "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3_600.0,
        "d" | "day" => 86_400.0,
        _ => return Err(HELP),
    };
    period(count, unit)
}

/// The time between two starts, from a number of starts per second.
///
/// # Errors
/// A phrase for an error message.
pub fn per_second(rate: f64) -> Result<Duration, &'static str> {
    period(rate, 1.0)
}

/// A number of bytes, from a text such as `"512 MiB"`, `"2GB"` or `"1.5 GiB"`. `k`, `M`, `G` and `T` are powers of 1000, and
/// with an `i` of 1024.
///
/// # Errors
/// A phrase for an error message.
///
/// ```
/// use opero_core::units::bytes;
///
/// assert_eq!(bytes("512 MiB"), Ok(536_870_912));
/// assert_eq!(bytes("1.5 GB"), Ok(1_500_000_000));
/// assert!(bytes("much").is_err());
/// ```
pub fn bytes(text: &str) -> Result<u64, &'static str> {
    const HELP: &str = "is not a size; write a number of bytes, or a text like \"512 MiB\"";
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(unit.ok_or(HELP)?);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1_u64 << 40,
        _ => return Err(HELP),
    };
    let number = number.trim_end();
    // A float has no more than 53 bits, so a whole number is not read as one.
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).ok_or("is too large");
    }
    let number: f64 = number.parse().map_err(|_| HELP)?;
    let bytes = number * factor as f64;
    match bytes {
        _ if !bytes.is_finite() => Err("is not a finite number"),
        _ if bytes < 0.0 => Err("is negative"),
        _ if bytes >= u64::MAX as f64 => Err("is too large"),
        _ => Ok(bytes as u64),
    }
}

/// Rounded up to whole nanoseconds, so that the rate is never above the one asked for.
fn period(count: f64, seconds: f64) -> Result<Duration, &'static str> {
    if !count.is_finite() {
        return Err("is not a finite number");
    }
    if count <= 0.0 {
        return Err("is not above zero");
    }
    let nanos = (seconds * 1e9 / count).ceil();
    if nanos >= u64::MAX as f64 {
        return Err("is too low: less than one start in 584 years");
    }
    if nanos < 1.0 || count / seconds > 1e9 {
        return Err("is above a thousand million starts per second");
    }
    Ok(Duration::from_nanos(nanos as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_period_never_exceeds_the_rate(rate in 1e-6..1e9_f64) {
            let period = per_second(rate).unwrap();
            prop_assert!(period.as_nanos() as f64 >= 1e9 / rate - 1e-3);
            prop_assert!(period.as_nanos() as f64 <= 1e9 / rate + 1.0);
        }

        #[test]
        fn no_number_or_text_panics(number: f64, text: String) {
            let _ = (seconds(number), per_second(number), duration(&text), rate(&text), bytes(&text));
        }

        #[test]
        fn sizes_are_what_their_unit_makes_of_the_number(number in 0..1_u64 << 20, tenths in 0..10_u64) {
            for (unit, factor) in [("B", 1), ("kB", 1_000), ("MiB", 1 << 20), ("GB", 1_000_000_000), ("TiB", 1 << 40)] {
                prop_assert_eq!(bytes(&format!("{number}{unit}")), Ok(number * factor));
                let exact = number * factor + tenths * factor / 10;
                let read = bytes(&format!(" {number}.{tenths} {unit} ")).unwrap();
                // A double has 53 bits.
                prop_assert!(read.abs_diff(exact) <= 1 + (exact >> 52));
            }
        }
    }

    #[test]
    fn odd_sizes_are_rejected() {
        for bad in [
            "",
            "B",
            "5",
            "-1 MB",
            "1 mebibyte",
            "1e30 GB",
            "NaN B",
            "infinity B",
            "99999999 TiB",
            "1 2 B",
            "1 M B",
        ] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn odd_rates_are_rejected() {
        for bad in [
            "",
            "/",
            "0/s",
            "-1/s",
            "inf/s",
            "NaN/s",
            "1/fortnight",
            "1e30/s",
            "1e-30/day",
        ] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
