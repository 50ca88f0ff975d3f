//! The format: whatever happens to a file, the records that it did not happen to are found, and
//! nothing panics.

use std::fs::{self, File};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use opero_core::Key;
use proptest::prelude::*;

use super::frame::frame;
use super::header::{Header, Owner};
use super::locks::{lock_journal, unlock};
use super::open::{inspect, open};
use super::scan::{Piece, Scanner};
use super::{Journal, JournalError, RecordMetadata, State};

const SALT: u64 = 0x5A17;

/// A file of a test, removed at its end with what was put aside.
struct Scratch(PathBuf);

impl Scratch {
    fn new(bytes: &[u8]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("opero-frames-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn aside(&self, number: u32) -> PathBuf {
        format!("{}.damaged-{number}", self.0.display()).into()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        for number in 1..=3 {
            let _ = fs::remove_file(self.aside(number));
        }
    }
}

/// A frame that its number tells, with a result of any bytes.
fn numbered(number: usize, salt: u64, result: &[u8]) -> Vec<u8> {
    let metadata = RecordMetadata {
        key: Key::stable(number as u128),
        index: number,
        started: Duration::from_millis(number as u64 * 1_000),
        elapsed: Duration::from_nanos(77),
        attempts: 3,
        worker: (!number.is_multiple_of(3)).then_some(number),
        state: [State::Ok, State::Failed][number % 2],
    };
    let text = ["", "an error's text"][number % 2];
    let append = |out: &mut Vec<u8>| {
        out.extend_from_slice(result);
        Ok(())
    };
    frame(salt, &metadata, text, append).unwrap()
}

fn owner(function: &str, version: &str) -> Owner {
    Owner {
        function: function.into(),
        version: version.into(),
        types: "`Result<u8, String>`".into(),
        shape: 7,
    }
}

fn frames(salt: u64, results: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let numbered = |(number, result): (usize, &Vec<u8>)| numbered(number, salt, result);
    results.iter().enumerate().map(numbered).collect()
}

fn pieces(salt: u64, from: u64, bytes: &[u8]) -> Vec<Piece> {
    let scratch = Scratch::new(bytes);
    let file = File::open(&scratch.0).unwrap();
    let mut scanner = Scanner::new(&file, salt, from, bytes.len() as u64);
    let mut found = Vec::new();
    while let Some(piece) = scanner.next().unwrap() {
        found.push(piece);
    }
    assert_eq!(scanner.next().unwrap(), None);
    found
}

/// The numbers of the frames that are found.
fn numbers(pieces: &[Piece]) -> Vec<usize> {
    let number = |piece: &Piece| match piece {
        Piece::Frame(_, head) => Some(head.metadata.index),
        _ => None,
    };
    pieces.iter().filter_map(number).collect()
}

/// The numbers of those frames that are outside `hit`.
fn outside(frames: &[Vec<u8>], hit: Range<usize>) -> Vec<usize> {
    let mut end = 0;
    let spared = |(number, frame): (usize, &Vec<u8>)| {
        let start = end;
        end += frame.len();
        (end <= hit.start || hit.end <= start).then_some(number)
    };
    frames.iter().enumerate().filter_map(spared).collect()
}

/// Results, some of which are frames themselves: those must not be taken for records.
fn results() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let nested = (0_usize..9).prop_map(|number| numbered(number, SALT + 1, b"within a result"));
    prop::collection::vec(prop_oneof![bytes, nested], 1..8)
}

proptest! {
    #[test]
    fn what_was_written_is_read(results in results()) {
        let written = frames(SALT, &results);
        let found = pieces(SALT, 0, &written.concat());
        prop_assert_eq!(found.len(), written.len());
        for (number, piece) in found.into_iter().enumerate() {
            let Piece::Frame(at, head) = piece else {
                panic!("{piece:?}");
            };
            let bytes = &written.concat()[at as usize..][..head.len() as usize];
            let (text, outcome) = head.split(SALT, &bytes[super::frame::HEAD_BYTES..]).unwrap();
            prop_assert_eq!(outcome, &results[number][..]);
            prop_assert_eq!(text.is_empty(), number % 2 == 0);
            prop_assert_eq!(head.metadata.started, Duration::from_secs(number as u64));
            prop_assert_eq!(head.metadata.worker, (number % 3 != 0).then_some(number));
            prop_assert_eq!(bytes, &numbered(number, SALT, outcome)[..]);
        }
    }

    #[test]
    fn of_a_journal_that_was_cut_all_before_the_cut_is_read(results in results(), at: prop::sample::Index) {
        let written = frames(SALT, &results);
        let bytes = written.concat();
        let at = at.index(bytes.len());
        let found = pieces(SALT, 0, &bytes[..at]);
        prop_assert_eq!(numbers(&found), outside(&written, at..usize::MAX));
        // A kill leaves such files: nothing is damaged.
        let cut = |piece: &Piece| matches!(piece, Piece::Frame(..) | Piece::Tail { cut_short: true, .. });
        prop_assert!(found.iter().all(cut), "{:?}", found);
    }

    #[test]
    fn of_a_journal_with_a_flipped_bit_only_the_record_that_it_hit_is_lost(
        results in results(),
        at: prop::sample::Index,
        bit in 0..8_u32,
    ) {
        let written = frames(SALT, &results);
        let mut bytes = written.concat();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(numbers(&pieces(SALT, 0, &bytes)), outside(&written, at..at + 1));
    }

    #[test]
    fn of_a_journal_that_was_written_over_all_before_and_behind_is_read(
        results in results(),
        at: prop::sample::Index,
        other in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        let written = frames(SALT, &results);
        let mut bytes = written.concat();
        let at = at.index(bytes.len());
        let end = (at + other.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&other[..end - at]);
        let found = numbers(&pieces(SALT, 0, &bytes));
        // What was written may by chance be what was there.
        for number in outside(&written, at..end) {
            prop_assert!(found.contains(&number));
        }
        prop_assert!(found.is_sorted());
    }

    #[test]
    fn zeros_between_frames_mean_nothing(results in results(), gaps in prop::collection::vec(0_usize..150, 8)) {
        let written = frames(SALT, &results);
        let with_gaps = written.iter().zip(&gaps).flat_map(|(frame, &gap)| [vec![0; gap], frame.clone()]);
        let found = pieces(SALT, 0, &with_gaps.collect::<Vec<_>>().concat());
        prop_assert_eq!(found.len(), written.len());
        prop_assert!(numbers(&found).into_iter().eq(0..written.len()));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, frame in 0_usize..9) {
        pieces(SALT, 0, &bytes);
        let around = [bytes.clone(), numbered(frame, SALT, b"x"), bytes].concat();
        prop_assert_eq!(numbers(&pieces(SALT, 0, &around)), [frame]);
    }

}

proptest! {
    // Each case waits for the disk several times.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_damaged_is_copied_aside_and_then_taken_out_for_good(
        results in results(),
        at: prop::sample::Index,
        other in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        let header = Header::new(&owner("f", "1"));
        let begin = header.bytes();
        let written = frames(header.salt, &results);
        let mut bytes = [begin.clone(), written.concat()].concat();
        let at = begin.len() + at.index(bytes.len() - begin.len());
        let end = (at + other.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&other[..end - at]);
        let scratch = Scratch::new(&bytes);
        let before = pieces(header.salt, header.len(), &bytes);

        let opened = open(&scratch.0, &owner("f", "1")).unwrap();
        drop(opened);
        let after = fs::read(&scratch.0).unwrap();
        let repaired = pieces(header.salt, header.len(), &after);
        prop_assert_eq!(numbers(&repaired), numbers(&before));
        prop_assert_eq!(repaired.len(), numbers(&before).len());
        let harmless = |piece: &Piece| matches!(piece, Piece::Frame(..) | Piece::Tail { cut_short: true, .. });
        let damaged = !before.iter().all(harmless);
        prop_assert_eq!(fs::read(scratch.aside(1)).ok(), damaged.then_some(bytes));
        drop(open(&scratch.0, &owner("f", "1")).unwrap());
        prop_assert!(!scratch.aside(2).exists());
        prop_assert_eq!(fs::read(&scratch.0).unwrap(), after);
    }
}

proptest! {
    #[test]
    fn a_header_says_what_it_was_given_while_one_copy_is_whole(
        function: String,
        version: String,
        at: prop::sample::Index,
        other in prop::collection::vec(any::<u8>(), 1..5_000),
        bit in 0..8_u32,
    ) {
        let header = Header::new(&owner(&function, &version));
        let mut bytes = header.bytes();
        prop_assert_eq!(bytes.len() as u64, header.len());
        let read = |bytes: &[u8]| {
            let scratch = Scratch::new(bytes);
            Header::read(&File::open(&scratch.0).unwrap())
        };
        prop_assert_eq!(&read(&bytes).unwrap(), &header);
        let cut = at.index(bytes.len());
        prop_assert_eq!(read(&bytes[..cut]).is_ok(), cut as u64 >= header.copy_len());

        // Whatever is written over one of them,
        let end = (cut + other.len()).min(bytes.len());
        let whole = bytes.clone();
        bytes[cut..end].copy_from_slice(&other[..end - cut]);
        if cut as u64 >= header.copy_len() || end as u64 <= header.second() {
            prop_assert_eq!(&read(&bytes).unwrap(), &header);
        }
        // and a bit of both.
        bytes = whole;
        let at = at.index(header.copy_len() as usize);
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(&read(&bytes).unwrap(), &header);
        bytes[header.second() as usize + at] ^= 1 << bit;
        let error = read(&bytes).unwrap_err();
        prop_assert!(!matches!(error, JournalError::Io(_)), "{}", error);
    }
}

#[test]
fn a_damaged_copy_of_the_header_is_put_aside_and_mended() {
    let header = Header::new(&owner("f", "1"));
    let whole = [header.bytes(), numbered(0, header.salt, b"x")].concat();
    for at in [0, 9, 30, header.second() as usize + 30] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let scratch = Scratch::new(&bytes);
        inspect(&scratch.0, &owner("f", "1")).unwrap();
        let journal = Journal::open(&scratch.0).unwrap();
        assert_eq!((journal.ok(), journal.damaged()), (1, 1));
        drop(open(&scratch.0, &owner("f", "1")).unwrap());
        assert_eq!(fs::read(&scratch.0).unwrap(), whole);
        assert_eq!(fs::read(scratch.aside(1)).unwrap(), bytes);
    }
}

#[test]
fn a_header_that_a_kill_cut_short_is_written_again() {
    let header = Header::new(&owner("f", "1"));
    for len in [header.copy_len(), header.second(), header.len() - 1] {
        let scratch = Scratch::new(&header.bytes()[..len as usize]);
        let opened = open(&scratch.0, &owner("f", "1")).unwrap();
        assert_eq!(opened.end, header.len());
        assert_eq!(fs::read(&scratch.0).unwrap(), header.bytes());
        assert!(!scratch.aside(1).exists());
    }
}

#[test]
fn who_waited_for_a_file_that_was_replaced_meanwhile_takes_the_new_one() {
    let header = Header::new(&owner("f", "1"));
    let scratch = Scratch::new(&header.bytes());
    let newer = Scratch::new(&[header.bytes(), numbered(0, header.salt, b"x")].concat());
    let file = File::open(&scratch.0).unwrap();
    let first = lock_journal(&file).ok().unwrap();
    first.announce_end();
    std::thread::scope(|scope| {
        let next = scope.spawn(|| open(&scratch.0, &owner("f", "1")).unwrap().index.stale());
        // In any other order it finds the new one at once.
        std::thread::sleep(Duration::from_millis(20));
        fs::rename(&newer.0, &scratch.0).unwrap();
        unlock(&file);
        drop(first);
        assert_eq!(next.join().unwrap(), 1);
    });
}

#[test]
fn a_journal_within_a_result_is_not_taken_for_this_one() {
    let header = Header::new(&owner("f", "1"));
    let within = Header::new(&owner("another", "1")).bytes();
    let mut bytes = header.bytes();
    bytes.resize(2 * 4096, 0);
    bytes.extend(within);
    for copy in [0, header.second()] {
        bytes[copy as usize + 30] ^= 1;
    }
    let scratch = Scratch::new(&bytes);
    let error = open(&scratch.0, &owner("f", "1")).err().unwrap();
    assert!(error.problem().contains("damaged"), "{error}");
    assert!(error.way_out().contains("keep the file"), "{error}");
}

#[test]
fn a_file_that_is_rejected_is_left_as_it_is() {
    let header = Header::new(&owner("f", "1")).bytes();
    let (mut damaged, mut newer) = (header.clone(), header.clone());
    for copy in [0, 4096] {
        damaged[copy + 30] ^= 1;
        newer[copy + 8] = 9;
    }
    for (bytes, words) in [
        (b"not a journal".to_vec(), "is no journal"),
        (damaged, "damaged"),
        (header[..20].to_vec(), "damaged"),
        (newer, "format 9"),
    ] {
        let scratch = Scratch::new(&bytes);
        for error in [
            open(&scratch.0, &owner("f", "1")).err().unwrap(),
            inspect(&scratch.0, &owner("f", "1")).unwrap_err(),
        ] {
            assert_eq!(error.parameter(), "resume");
            assert!(error.problem().contains(words), "{error}");
        }
        assert!(
            Journal::open(&scratch.0)
                .unwrap_err()
                .to_string()
                .contains(words)
        );
        assert_eq!(fs::read(&scratch.0).unwrap(), bytes);
        assert!(!scratch.aside(1).exists());
    }
}
