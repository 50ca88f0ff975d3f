//! What the workers of these tests can be asked to do: one function, synchronous and async.

use std::path::PathBuf;
use std::time::Duration;

use opero_core::stable::{OutcomeCodec, read};
use opero_core::{CodecError, Error};
use opero_map::process::{AsyncOutcome, WorkerFunction, WorkerRun};
use serde::{Deserialize, Serialize};

use super::hold;

/// An item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// Tell this number.
    Tell(u64),
    /// Keep the processor busy for so many microseconds, then tell the number.
    Work(u64, u64),
    /// Crash.
    Crash(Crash),
    /// Keep the processor busy for ever.
    Spin,
    /// Wait for ever. A synchronous function sleeps.
    Sleep,
    /// Wait for so many milliseconds, then tell the number.
    Pause(u64, u64),
    /// Have another thread abort, and wait for ever.
    DieBehindTheBack,
    /// Wait until the file is there.
    Hold(PathBuf),
    /// The same, and an async function never yields.
    Block(PathBuf),
    /// Fail.
    Fail,
    /// Panic with this text.
    Panic(String),
    /// Panic with a payload that is no text.
    PanicOddly,
    /// Panic with a payload that panics when it is dropped.
    PanicTwice,
    /// Write these bytes to every descriptor that may be the channel, then tell a number.
    Scribble(Vec<u8>),
    /// Stop this process, as a signal from outside does, and then sleep.
    Stop,
    /// Keep so many bytes for good.
    Keep(usize),
    /// Tell a text of so many bytes.
    TellText(usize),
    /// Run a map with this number of items inside.
    Nest(Inner, u64),
}

/// The ways to crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Crash {
    Killed,
    Aborted,
    InvalidAccess,
    StackOverflow,
    Exited(i32),
    /// Allocates so many bytes at once, and touches them.
    Allocated(usize),
}

/// Which map is inside.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Inner {
    Thread,
    Process,
}

/// What a worker tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) number: u64,
    pub(crate) text: String,
    /// Who told it.
    pub(crate) pid: u32,
}

pub(crate) const BLOCKING: WorkerFunction = WorkerFunction {
    path: || "deeds::blocking".to_owned(),
    run: WorkerRun::Blocking(|deed, out| encode(perform(read(deed)?), out)),
    init: None,
};

pub(crate) const ASYNC: WorkerFunction = WorkerFunction {
    path: || "deeds::async".to_owned(),
    run: WorkerRun::Async(perform_async),
    init: None,
};

opero_core::inventory::submit! { BLOCKING }
opero_core::inventory::submit! { ASYNC }

fn encode(told: Result<Told, String>, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let outcome = told.map_err(Error::from);
    OutcomeCodec::postcard().encode(outcome.as_ref(), out)
}

fn perform_async(deed: Vec<u8>) -> AsyncOutcome {
    Box::pin(async move {
        let deed = read(&deed)?;
        if !matches!(deed, Deed::Tell(_) | Deed::Block(_)) {
            // So that it is not the first poll that crashes.
            tokio::task::yield_now().await;
        }
        let told = match deed {
            Deed::Sleep => std::future::pending().await,
            Deed::Pause(millis, number) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok(told(number))
            }
            Deed::DieBehindTheBack => {
                tokio::task::spawn_blocking(|| std::process::abort());
                std::future::pending().await
            }
            Deed::Hold(file) => hold::wait_async(&file).await.map(|()| told(0)),
            other => perform(other),
        };
        let mut out = Vec::new();
        encode(told, &mut out)?;
        Ok(out)
    })
}

fn told(number: u64) -> Told {
    Told {
        number,
        text: String::new(),
        pid: std::process::id(),
    }
}

fn perform(deed: Deed) -> Result<Told, String> {
    match deed {
        Deed::Tell(number) => Ok(told(number)),
        Deed::Work(micros, number) => {
            let started = std::time::Instant::now();
            while started.elapsed() < Duration::from_micros(micros) {
                std::hint::spin_loop();
            }
            Ok(told(number))
        }
        Deed::Crash(crash) => crash.happen(),
        Deed::Spin => loop {
            std::hint::spin_loop();
        },
        Deed::Sleep => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        Deed::Pause(millis, number) => {
            std::thread::sleep(Duration::from_millis(millis));
            Ok(told(number))
        }
        Deed::DieBehindTheBack => {
            std::thread::spawn(|| std::process::abort());
            perform(Deed::Sleep)
        }
        Deed::Hold(file) | Deed::Block(file) => hold::wait(&file).map(|()| told(0)),
        Deed::Fail => Err("failed".to_owned()),
        #[expect(clippy::panic, reason = "what is tested")]
        Deed::Panic(text) => panic!("{text}"),
        #[expect(clippy::panic, reason = "what is tested")]
        Deed::PanicOddly => std::panic::panic_any(7_u32),
        #[expect(clippy::panic, reason = "what is tested")]
        Deed::PanicTwice => std::panic::panic_any(Unwilling),
        Deed::Scribble(bytes) => {
            scribble(&bytes);
            Ok(told(0))
        }
        Deed::Stop => {
            use rustix::process::{Signal, getpid, kill_process};
            kill_process(getpid(), Signal::STOP).map_err(|error| error.to_string())?;
            perform(Deed::Sleep)
        }
        Deed::Keep(bytes) => {
            std::mem::forget(vec![1_u8; bytes]);
            Ok(told(0))
        }
        Deed::TellText(bytes) => Ok(Told {
            text: "x".repeat(bytes),
            ..told(0)
        }),
        Deed::Nest(Inner::Thread, items) => crate::nesting::in_threads(items).map(told),
        Deed::Nest(Inner::Process, items) => crate::nesting::in_processes(items).map(told),
    }
}

impl Crash {
    fn happen(self) -> ! {
        match self {
            Self::Killed => kill_myself(),
            Self::Aborted => std::process::abort(),
            Self::InvalidAccess => access_nothing(),
            Self::StackOverflow => {
                std::hint::black_box(fall(0));
                // There was enough.
                std::process::exit(0)
            }
            Self::Exited(code) => std::process::exit(code),
            Self::Allocated(bytes) => {
                std::hint::black_box(vec![1_u8; bytes]);
                // There was enough.
                std::process::exit(0)
            }
        }
    }
}

fn kill_myself() -> ! {
    use rustix::process::{Signal, getpid, kill_process};
    kill_process(getpid(), Signal::KILL).unwrap();
    std::process::abort()
}

#[allow(unsafe_code, reason = "a real invalid access is what is tested")]
fn access_nothing() -> ! {
    let nothing = std::ptr::without_provenance::<u8>(8);
    // SAFETY: there is none: nothing is mapped in the first page, and the process is meant to
    // crash.
    let byte = unsafe { std::ptr::read_volatile(nothing) };
    std::process::exit(byte.into())
}

/// What native code does that logs to a descriptor which was closed before.
#[allow(unsafe_code, reason = "a stray write is what is tested")]
fn scribble(bytes: &[u8]) {
    for descriptor in 3..16 {
        // SAFETY: where it is open it stays so, since nothing closes descriptors meanwhile;
        // elsewhere the call fails.
        let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
        let _ = rustix::io::write(borrowed, bytes);
    }
}

/// Cannot be dropped.
struct Unwilling;

impl Drop for Unwilling {
    #[expect(clippy::panic, reason = "what is tested")]
    fn drop(&mut self) {
        panic!("the payload's own panic");
    }
}

/// Calls itself until there is no stack left.
fn fall(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if frame[0] == u64::MAX {
        return 0;
    }
    fall(depth + 1).wrapping_add(frame[63])
}
