//! The fuzzer's seeds and their mutations, in every run of the tests.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use opero_cache::envelope::seal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::subject::{KEY, Part, Report, examine, named};

/// No decoding may hold more than this and sixty-four times the record: each collection reserves at most 1 MiB before its
/// elements have come, and a map rounds that up to twice as much; three of them lie within each other here.
const BOUND: u64 = 6 << 20;

#[test]
fn no_seed_panics_or_allocates_more_than_the_bound() {
    for (name, bytes) in seeds() {
        bounded(name, &bytes);
    }
}

#[test]
fn no_mutation_of_a_seed_panics_or_allocates_more_than_the_bound() {
    let seeds: Vec<_> = seeds().into_iter().map(|(_, bytes)| bytes).collect();
    let mut random = Random(1);
    for round in 0..20_000 {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &seeds, &mut random);
        }
        bounded(&format!("mutation {round}"), &bytes);
    }
}

#[test]
fn the_committed_corpus_is_that_of_the_code() {
    for (name, bytes) in seeds() {
        let kept = fs::read(folder().join(name)).unwrap();
        assert_eq!(kept, bytes, "{name}: see `write_the_corpus`");
    }
    assert_eq!(fs::read_dir(folder()).unwrap().count(), seeds().len());
}

/// `cargo test --features bytes --test envelope -- --ignored`, after a change of the format.
#[test]
#[ignore = "writes the corpus anew"]
fn write_the_corpus() {
    for (name, bytes) in seeds() {
        fs::write(folder().join(name), bytes).unwrap();
    }
}

fn bounded(name: &str, bytes: &[u8]) {
    let info = allocation_counter::measure(|| examine(bytes));
    let bound = BOUND + 64 * bytes.len() as u64;
    assert!(info.bytes_max <= bound, "{name}: {}", info.bytes_max);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/envelope/corpus")
}

/// Records that open, that do not, and values alone.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let report = Report {
        title: "Wetter für Bergen 🌧".to_owned(),
        score: Some(-40),
        tags: [("a".to_owned(), vec![Some(300), None])].into(),
        parts: vec![
            Part::Nothing,
            Part::Image {
                width: 640,
                pixels: vec![0, 255],
            },
            Part::Both(
                Box::new(Part::Text("both".to_owned())),
                Box::new(Part::Nothing),
            ),
        ],
        checked: (true, 'ß', u128::MAX),
    };
    let whole = record("report", &report);
    let mut damaged = whole.clone();
    damaged[40] ^= 4;
    let mut newer = whole.clone();
    newer[4] = 2;
    vec![
        ("text", record("text", &"rain".to_owned())),
        (
            "numbers",
            record("numbers", &vec![0_u64, 127, 128, u64::MAX]),
        ),
        ("part", record("part", &report.parts[2])),
        ("truncated", whole[..whole.len() - 9].to_vec()),
        ("head-only", whole[..29].to_vec()),
        ("with-more-behind", [&whole[..], b"more"].concat()),
        ("damaged", damaged),
        ("newer", newer),
        ("report", whole),
        ("foreign", b"{\"title\":\"not ours\"}".to_vec()),
        ("empty", Vec::new()),
        ("value-alone", value("report", &report)),
        ("text-alone", value("text", &"rain".to_owned())),
        ("forged-length", [&[0xff; 9][..], &[1]].concat()),
        // As many elements as there are bytes: the most that a sequence reserves.
        (
            "forged-length-in-bounds",
            [&[0xff, 0x0f][..], &[0; 2100]].concat(),
        ),
        ("deep", [3; 200].to_vec()),
    ]
}

fn record<T: Serialize + DeserializeOwned>(name: &'static str, value: &T) -> Vec<u8> {
    let expires = Duration::from_secs(1_800_000_000);
    seal(&named(name), &KEY, value, Some(expires)).unwrap()
}

fn value<T: Serialize + DeserializeOwned>(name: &'static str, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    named(name).encode(value, &mut bytes).unwrap();
    bytes
}

fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.next() as u8),
        2 => drop(bytes.splice(at..at, [0xff; 9])),
        3 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        kind => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = if kind == 4 {
                    *byte ^ 1 << random.below(8)
                } else {
                    random.next() as u8
                };
            }
        }
    }
}

/// SplitMix64: the same sequence in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
