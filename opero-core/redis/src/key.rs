//! Keys whose parts cannot run into each other.

use std::fmt::Write;

/// A part of a key, such as a namespace or a function: every character but letters, digits, `_`, `.` and `-` of ASCII
/// becomes its bytes' `%` codes. So it holds neither the separator nor anything that a glob pattern or a cluster's hash tag
/// gives a meaning, and different parts stay different.
///
/// ```
/// use opero_redis::key::escape;
///
/// assert_eq!(escape("my_app::summary"), "my_app%3A%3Asummary");
/// ```
pub fn escape(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len() + 8);
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// What every key of a function begins with: `opero:{namespace}:{function}:`, the parts escaped.
///
/// Behind it the cache writes a record's digest (32 hexadecimal digits, alone, or with `:lease` behind it), and the
/// limiter `rate:` and what it limits. So no key of one is a key of the other.
///
/// ```
/// assert_eq!(opero_redis::key::prefix("opero", "summary"), "opero:opero:summary:");
/// ```
pub fn prefix(namespace: &str, function: &str) -> String {
    format!("{}{}:", namespace_prefix(namespace), escape(function))
}

/// What every key of a namespace begins with: `opero:{namespace}:`, escaped.
pub fn namespace_prefix(namespace: &str) -> String {
    format!("opero:{}:", escape(namespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts that would collide, were they not escaped.
    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a%:3A]{0,6}",
            "(rate|lease|opero)?:?[a-f0-9]{0,3}",
            any::<String>()
        ]
    }

    fn keys(namespace: &str, function: &str, limited: &str) -> [String; 3] {
        let prefix = prefix(namespace, function);
        let digest = "0123456789abcdef0123456789abcdef";
        [
            format!("{prefix}{digest}"),
            format!("{prefix}{digest}:lease"),
            format!("{prefix}rate:{}", escape(limited)),
        ]
    }

    proptest! {
        #[test]
        fn keys_of_different_parts_differ(one in [part(), part(), part()], other in [part(), part(), part()]) {
            let mut all = keys(&one[0], &one[1], &one[2]).to_vec();
            let mut expected = 3;
            if one != other {
                let [record, lease, rate] = keys(&other[0], &other[1], &other[2]);
                all.push(rate);
                expected += 1;
                if one[..2] != other[..2] {
                    all.extend([record, lease]);
                    expected += 2;
                }
            }
            all.sort();
            all.dedup();
            prop_assert_eq!(all.len(), expected);
        }

        #[test]
        fn a_part_holds_no_separator_and_nothing_of_a_pattern(part in any::<String>()) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-%".contains(&byte);
            prop_assert!(escape(&part).bytes().all(plain));
        }
    }
}
