//! Streams millions of items through worker processes, and says how much memory that takes.
//!
//! ```sh
//! cargo run --release -p opero-map --features process --example flood -- 10000000
//! ```

use std::time::Instant;

use opero_map::{map_worker, worker};

fn square(n: u64) -> Result<u64, String> {
    Ok(n.wrapping_mul(n))
}
worker!(SQUARE = square: fn(u64) -> Result<u64, String>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    opero_map::process::init();
    let items: u64 = match std::env::args().nth(1) {
        Some(items) => items.parse()?,
        None => 1_000_000,
    };
    let started = Instant::now();
    let results = map_worker(0..items, &SQUARE).workers(2).progress(false);
    for (n, result) in (1..).zip(results.iter()) {
        result.map_err(|error| error.to_string())?;
        if n % (items / 10).max(1) == 0 {
            #[expect(clippy::cast_precision_loss, reason = "for people")]
            let each = started.elapsed().as_micros() as f64 / n as f64;
            println!(
                "{n:>10} items, {each:.2} µs each, {} KiB resident",
                resident()?
            );
        }
    }
    Ok(())
}

/// What this process has in memory, as Linux tells it.
fn resident() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("no VmRSS")?.parse()?)
}
