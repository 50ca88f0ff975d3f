//! One process among several, which a test starts, watches and kills.
//!
//! It says in lines what it is about to do, and waits for a line where the test decides how long something takes:
//!
//! - `blocking BACKEND WORD` and `asynchronous BACKEND WORD` call a decorated function once, sync or async. `calling` comes
//!   before the call, `executing` out of the function, which returns after the next line; then the result. With `abort`
//!   behind it, the process does not end but break off.
//! - `limited BACKEND SECONDS` waits for a line, then calls a rate limited function from several threads for so long, and
//!   tells for each execution when its permit was asked for and got, in nanoseconds since the Unix epoch.

mod recorder;

use std::convert::Infallible;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use opero::{Error, opero};

type Answer<T> = Result<T, Error<Infallible>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    match &*argument(1) {
        "blocking" => {
            println!("calling");
            println!("{}", blocking(&argument(3))?);
        }
        "asynchronous" => {
            let runtime = tokio::runtime::Runtime::new()?;
            println!("calling");
            println!("{}", runtime.block_on(asynchronous(&argument(3)))?);
        }
        "limited" => run_limited(Duration::from_secs_f64(argument(3).parse()?))?,
        other => return Err(format!("there is no role {other:?}").into()),
    }
    match &*argument(4) {
        "abort" => std::process::abort(),
        _ => Ok(()),
    }
}

fn argument(place: usize) -> String {
    std::env::args().nth(place).unwrap_or_default()
}

#[opero(cache_backend = argument(2), cache_ttl = "forever", retries = 0)]
fn blocking(word: &str) -> Answer<String> {
    Ok(execute(word))
}

#[opero(cache_backend = argument(2), cache_ttl = "forever", retries = 0)]
async fn asynchronous(word: &str) -> Answer<String> {
    let word = word.to_owned();
    let executed = tokio::task::spawn_blocking(move || execute(&word)).await;
    Ok(executed.unwrap_or_default())
}

/// Says who executed, so that it shows who did not.
fn execute(word: &str) -> String {
    println!("executing");
    wait_for_a_line();
    format!("{word} by {}", std::process::id())
}

fn wait_for_a_line() {
    // Without the test at the other end there is nothing to wait for.
    let _ = io::stdin().lock().read_line(&mut String::new());
}

/// The limit that all processes share.
#[opero(
    cache = false,
    retries = 0,
    rate_limit = "200/s",
    rate_burst = 20,
    rate_backend = "recorded"
)]
fn limited() -> Answer<()> {
    Ok(())
}

fn run_limited(time: Duration) -> Result<(), Box<dyn std::error::Error>> {
    const THREADS: usize = 4;
    println!("ready");
    wait_for_a_line();
    let end = Instant::now() + time;
    let threads = [(); THREADS].map(|()| {
        std::thread::spawn(move || {
            while Instant::now() < end {
                limited().map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        })
    });
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    recorder::print();
    Ok(())
}
