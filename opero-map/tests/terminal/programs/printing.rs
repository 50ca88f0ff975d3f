//! Programs whose items print.

use std::io::{Write, stdout};
use std::time::Duration;

use opero_map::{map_worker, worker};

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
