//! Programs whose items print.

use std::io::{Write, stdout};
use std::time::Duration;

use opero_map::{map, map_worker, progress, worker};

use super::Place;

pub(crate) const ITEMS: u64 = 60;

/// A line in two pieces, and one on standard error.
fn item(n: u64) -> Result<u64, String> {
    print!("item {n} begins, ");
    stdout().flush().map_err(|error| error.to_string())?;
    std::thread::sleep(Duration::from_millis(5));
    println!("and ends on the same line.");
    eprintln!("item {n} complains.");
    if n.is_multiple_of(10) {
        Err("a tenth".into())
    } else {
        Ok(n)
    }
}
worker!(ITEM = item: fn(u64) -> Result<u64, String>);

#[test]
fn from_workers() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    println!(); // The test harness leaves a line open.
    let results = map_worker(0..ITEMS, &ITEM).workers(2).run();
    place.leave("results", &results.len().to_string());
    println!("the program goes on");
}

/// An item that prints in all ways, and takes long enough for bars to be drawn meanwhile.
fn speaking(n: u64) -> Result<u64, String> {
    progress::println(format_args!("{n:02} by println"));
    progress::eprintln(format_args!("{n:02} by eprintln"));
    let mut writer = progress::stdout();
    let piece = |error: std::io::Error| error.to_string();
    write!(writer, "{n:02} ").map_err(piece)?;
    std::thread::sleep(Duration::from_millis(40));
    write!(writer, "by a writer").map_err(piece)?;
    drop(writer);
    tracing::info!("{n:02} by a logger");
    Ok(n)
}

fn log() {
    let logger = tracing_subscriber::fmt().with_ansi(false);
    logger.with_writer(progress::stderr).init();
}

#[test]
fn two_at_once() {
    if Place::of_this_program().is_none() {
        return;
    }
    println!(); // The test harness leaves a line open.
    log();
    let silent = |_| {
        std::thread::sleep(Duration::from_millis(40));
        Ok::<_, String>(())
    };
    std::thread::scope(|scope| {
        scope.spawn(|| map(0..10, silent).workers(1).run());
        map(0..20, speaking).workers(1).run();
    });
    println!("the program goes on");
}

#[test]
fn in_each_other() {
    if Place::of_this_program().is_none() {
        return;
    }
    println!(); // The test harness leaves a line open.
    log();
    let outer = |n: u64| map(n..n + 10, speaking).workers(1).try_run();
    let results = map([0, 10], outer).workers(1).run();
    assert!(results.iter().all(Result::is_ok));
    println!("the program goes on");
}
