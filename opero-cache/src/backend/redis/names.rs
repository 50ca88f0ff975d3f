//! The keys of records and leases.

use opero_core::Key;
use opero_redis::key;

const DIGITS: usize = 32;

/// The names of one function's keys: `opero:{namespace}:{function}:{digest}`, and `:lease` behind it. The parts hold no
/// `:`, so no two of them run into each other, and a limiter's `…:rate:…` is none of them.
#[derive(Debug)]
pub(super) struct Names {
    function: String,
    namespace: String,
}

impl Names {
    pub(super) fn new(namespace: &str, function: &str) -> Self {
        Self {
            function: key::prefix(namespace, function),
            namespace: key::namespace_prefix(namespace),
        }
    }

    pub(super) fn record(&self, key: &Key) -> String {
        let mut name = String::with_capacity(self.function.len() + DIGITS);
        name.push_str(&self.function);
        push_digits(&mut name, key.as_u128());
        name
    }

    pub(super) fn lease(&self, key: &Key) -> String {
        self.record(key) + ":lease"
    }

    /// A glob pattern of this function's records, and perhaps some other keys.
    pub(super) fn records(&self) -> String {
        format!("{}[0-9a-f]*", self.function)
    }

    pub(super) fn is_record(&self, key: &[u8]) -> bool {
        key.strip_prefix(self.function.as_bytes())
            .is_some_and(is_digest)
    }

    /// A glob pattern of the namespace's records, and some other keys.
    pub(super) fn records_of_namespace(&self) -> String {
        format!("{}*:[0-9a-f]*", self.namespace)
    }

    pub(super) fn is_record_of_namespace(&self, key: &[u8]) -> bool {
        let Some(rest) = key.strip_prefix(self.namespace.as_bytes()) else {
            return false;
        };
        let mut parts = rest.split(|&byte| byte == b':').skip(1);
        parts.next().is_some_and(is_digest) && parts.next().is_none()
    }
}

/// As `{:032x}` does, which takes longer than the rest of a request's making.
fn push_digits(name: &mut String, number: u128) {
    for byte in number.to_be_bytes() {
        for nibble in [byte >> 4, byte & 0xf] {
            name.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
}

fn is_digest(text: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    text.len() == DIGITS && text.iter().all(is_digit)
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_as_documented() {
        let names = Names::new("opero", "shop::price");
        let key = Key::stable(0xabc);
        assert_eq!(
            names.record(&key),
            "opero:opero:shop%3A%3Aprice:00000000000000000000000000000abc"
        );
        assert_eq!(names.lease(&key), format!("{}:lease", names.record(&key)));
    }

    proptest! {
        #[test]
        fn only_records_of_the_function_are_its_records(
            one in ["[a:*%]{0,4}", "[a:*%]{0,4}"],
            other in ["[a:*%]{0,4}", "[a:*%]{0,4}"],
            number in any::<u128>(),
            limited in "[0-9a-f]{0,40}",
        ) {
            let [names, others] = [&one, &other].map(|[namespace, function]| Names::new(namespace, function));
            let key = Key::stable(number);
            prop_assert!(names.is_record(names.record(&key).as_bytes()));
            prop_assert!(names.is_record_of_namespace(names.record(&key).as_bytes()));
            prop_assert_eq!(names.is_record(others.record(&key).as_bytes()), one == other);
            prop_assert_eq!(names.is_record_of_namespace(others.record(&key).as_bytes()), one[0] == other[0]);
            let rate = format!("{}rate:{limited}", key::prefix(&one[0], &one[1]));
            for foreign in [names.lease(&key), rate] {
                prop_assert!(!names.is_record(foreign.as_bytes()));
                prop_assert!(!names.is_record_of_namespace(foreign.as_bytes()));
            }
        }
    }
}
