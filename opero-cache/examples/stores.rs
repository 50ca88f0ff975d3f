//! Measures the stores on a local disk: what a put and a read take, what is on the disk, and what is there after a kill.
//!
//! `cargo run --release -p opero-cache --features disk,redb --example stores [directory]`

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that fails has nothing to say"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_cache::backend::{DiskCache, RedbCache};
use opero_cache::{BackendUri, ByteStore, CacheOptions, Key, Spot};
use opero_core::block_on;

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, path, scheme, count, len] = arguments.as_slice() {
        return until_killed(
            scheme,
            Path::new(path),
            count.parse().unwrap(),
            len.parse().unwrap(),
        );
    }
    let base = arguments
        .get(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    println!(
        "store  records        put, us   and fsync   read, us   MB on disk   after a kill: open   there"
    );
    for (count, len) in [(100_000, 100), (10_000, 4_096)] {
        for scheme in ["disk", "redb"] {
            let path = base.join(format!("opero-stores-{}", std::process::id()));
            measure(scheme, &path, count, len);
            std::fs::remove_dir_all(path).unwrap();
        }
    }
}

fn measure(scheme: &str, path: &Path, count: u64, len: usize) {
    let cache = open(scheme, &path.join("whole"));
    block_on(cache.ping()).unwrap();
    let start = Instant::now();
    fill(&*cache, count, len);
    let put = each(start.elapsed(), count);
    block_on(cache.close()).unwrap();
    let synced = each(start.elapsed(), count);
    let size = bytes(path) as f64 / 1e6;
    block_on(cache.ping()).unwrap();
    let start = Instant::now();
    assert_eq!(there(&*cache, count), count);
    let read = each(start.elapsed(), count);

    let killed = path.join("killed");
    kill_a_writer(scheme, &killed, count, len);
    let start = Instant::now();
    let cache = open(scheme, &killed);
    block_on(cache.ping()).unwrap();
    let opened = start.elapsed().as_secs_f64() * 1e3;
    let survivors = there(&*cache, count);
    println!(
        "{scheme}   {count:>6} x {len:>4} B {put:>9.2} {synced:>11.2} {read:>10.2} {size:>12.1} {opened:>17.0} ms  {:>5.1} %",
        survivors as f64 * 100.0 / count as f64
    );
}

fn open(scheme: &str, path: &Path) -> Arc<dyn ByteStore> {
    let uri = BackendUri::new(format!("{scheme}://{}", path.display()));
    let options = CacheOptions::default().with_capacity(u64::MAX);
    match scheme {
        "disk" => DiskCache::open(&uri, &options).unwrap(),
        _ => RedbCache::open(&uri, &options).unwrap(),
    }
}

/// As spread out as the keys of calls are.
fn key(number: u64) -> Key {
    let spread = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Key::stable(spread ^ (spread >> 64))
}

fn fill(cache: &dyn ByteStore, count: u64, len: usize) {
    for number in 0..count {
        block_on(cache.put(&key(number), vec![number as u8; len], None)).unwrap();
    }
}

/// Reads all, in another order than they were put.
fn there(cache: &dyn ByteStore, count: u64) -> u64 {
    let mut found = 0;
    for number in 0..count {
        let spot = cache
            .read(&key(number * 7_919 % count), &mut |_| {})
            .unwrap();
        found += u64::from(spot == Spot::Found);
    }
    found
}

fn kill_a_writer(scheme: &str, path: &Path, count: u64, len: usize) {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .arg(path)
        .args([scheme, &count.to_string(), &len.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    BufReader::new(writer.stdout.take().unwrap()).lines().next();
    writer.kill().unwrap();
    writer.wait().unwrap();
}

/// In another process.
fn until_killed(scheme: &str, path: &Path, count: u64, len: usize) {
    let cache = open(scheme, path);
    fill(&*cache, count, len);
    println!("put");
    loop {
        std::thread::park();
    }
}

/// Microseconds for one of `count`.
fn each(elapsed: Duration, count: u64) -> f64 {
    elapsed.as_secs_f64() * 1e6 / count as f64
}

/// Bytes of the files in a directory and below.
fn bytes(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        found if found.is_dir() => bytes(&entry.path()),
        found => found.len(),
    });
    sizes.sum()
}
