/// Puts pieces of text together to whole lines: a bar can only be drawn on a line of its own.
#[derive(Default, Debug)]
pub(super) struct Lines {
    /// The line that has begun and not ended.
    begun: Vec<u8>,
}

/// A line that is longer comes out in parts.
const MAX_LINE_BYTES: usize = 64 << 10;

impl Lines {
    /// Takes a piece of text, and returns the lines that end in it.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        let Some(last) = piece.iter().rposition(|&byte| byte == b'\n') else {
            self.begun.extend_from_slice(piece);
            return match self.begun.len() > MAX_LINE_BYTES {
                true => self.end(),
                false => Vec::new(),
            };
        };
        let (lines, begun) = piece.split_at(last + 1);
        let mut whole = std::mem::replace(&mut self.begun, begun.to_vec());
        whole.extend_from_slice(lines);
        whole
    }

    /// Returns what is left, as a line.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.begun);
        if !line.is_empty() {
            line.push(b'\n');
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_become_the_same_text_in_whole_lines(pieces in prop::collection::vec("[a-c\n]{0,9}", 0..20)) {
            let mut lines = Lines::default();
            let mut text = Vec::new();
            for piece in &pieces {
                let whole = lines.take(piece.as_bytes());
                prop_assert!(whole.is_empty() || whole.ends_with(b"\n"));
                text.extend(whole);
            }
            text.extend(lines.end());
            let mut expected = pieces.concat();
            if !expected.is_empty() && !expected.ends_with('\n') {
                expected.push('\n');
            }
            prop_assert_eq!(text, expected.into_bytes());
            prop_assert!(lines.end().is_empty());
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_for_ever() {
        let mut lines = Lines::default();
        let mut printed = 0;
        for _ in 0..100 {
            printed += lines.take(&[b'x'; 10_000]).len();
            assert!(lines.begun.len() <= MAX_LINE_BYTES);
        }
        assert!(printed > 900_000);
    }
}
