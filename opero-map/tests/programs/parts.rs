//! What the program does when a test starts it: its parent's part, and what its workers do.

use std::io::{Read, stdin};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio, id};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use opero_map::{ErrorKind, Iter, map_worker, worker};
use signal_hook::consts::SIGPIPE;
use signal_hook::flag;

use crate::flood;
use crate::stage::{Place, eventually, here, part};

/// What an item can be; anything else is printed.
fn act(what: String) -> Result<String, String> {
    let place = here();
    place.leave(&format!("worker-{}", id()), "");
    match what.as_str() {
        "spin" => loop {
            std::hint::spin_loop();
        },
        "sleep" => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        "nothing" => Ok(what),
        "print without end" => {
            place.leave(&format!("printer-{}", id()), "");
            loop {
                println!("This is not read.");
            }
        }
        "surroundings" => Ok(surroundings()),
        "program" => program(),
        "child" => child(&place),
        "child and exit" => {
            child(&place)?;
            std::process::exit(3)
        }
        "exit" => std::process::exit(3),
        "wait" => Ok(place.wait_for("go")),
        _ => {
            println!("{what}");
            Ok(what)
        }
    }
}
worker!(ACT = act: fn(String) -> Result<String, String>);

/// Two items of a kind for two workers, which are both at work when this returns.
fn both(what: &str) -> Iter<String, String> {
    let results = map_worker([what.to_owned(), what.to_owned()], &ACT)
        .workers(2)
        .iter();
    here().workers(2);
    results
}

fn one(what: &str) -> Result<String, opero_map::Error<String>> {
    let mut results = map_worker([what.to_owned()], &ACT).workers(1).run();
    results.remove(0)
}

pub(crate) fn play(part: &str) {
    let place = here();
    match part {
        "spinning" | "ignoring" => wait_beside(both("spin")),
        "sleeping" => wait_beside(both("sleep")),
        "idle" => {
            // The input does not end, so the workers are kept.
            let items = ["a", "b"].map(str::to_owned).into_iter();
            let more = std::iter::from_fn(|| -> Option<String> { eventually("the end", || None) });
            let results = map_worker(items.chain(more), &ACT).workers(2).iter();
            place.workers(1);
            wait_beside(results);
        }
        "blocked" => {
            // Many quick ones, so that the printers have others behind them.
            let mut items = vec!["nothing".to_owned(); 600];
            for printer in [300, 310] {
                "print without end".clone_into(&mut items[printer]);
            }
            wait_beside(map_worker(items, &ACT).workers(2).iter());
        }
        "starting" => drop(
            map_worker(["spin"; 8].map(str::to_owned), &ACT)
                .workers(8)
                .run(),
        ),
        "dropping" => {
            drop(both("spin"));
            place.leave("dropped", "");
            place.wait_for("end");
        }
        #[expect(clippy::panic, reason = "what is tested")]
        "panicking" => {
            let _results = both("spin");
            panic!("what is tested");
        }
        "exiting" => {
            let _results = both("spin");
            std::process::exit(7);
        }
        "leaking" => std::mem::forget(both("spin")),
        "having-children" => wait_beside(both("child")),
        "having-a-child-too-long" => {
            let run = map_worker(["child".to_owned()], &ACT).workers(1);
            let results = run.item_timeout(Duration::from_millis(500)).run();
            assert!(results[0].as_ref().unwrap_err().is_timeout());
            place.leave("late", "");
            place.wait_for("end");
        }
        "sending-to-a-closed-channel" => {
            // As if the signal had its default action.
            let always = Arc::new(AtomicBool::new(true));
            flag::register_conditional_shutdown(SIGPIPE, 141, always).unwrap();
            // Quick ones, so that workers that crash have others behind the fatal one.
            let item = |n| if n % 50 == 49 { "exit" } else { "nothing" }.to_owned();
            let results = map_worker((0..3_000).map(item), &ACT).workers(2).run();
            assert_eq!(results.iter().filter(|result| result.is_err()).count(), 60);
        }
        "leaving-a-child" => place.leave("error", &one("child and exit").unwrap_err().to_string()),
        "leaving-children" | "leaving-children-and-ending" => {
            let results = map_worker(["child", "child"].map(str::to_owned), &ACT).workers(2);
            assert_eq!(results.try_run().unwrap().len(), 2);
            place.leave("over", "");
            if part == "leaving-children" {
                place.wait_for("end");
            }
        }
        "showing" => {
            place.leave("parent", &surroundings());
            place.leave("worker", &one("surroundings").unwrap());
        }
        "printing" => {
            let items: Vec<_> = (0..20).map(|n| format!("the item {n}")).collect();
            let results = map_worker(items, &ACT).workers(2).try_run().unwrap();
            assert_eq!(results.len(), 20);
            println!("the program");
        }
        "starting-programs" => place.leave("program", &one("program").unwrap()),
        "plain" => println!("a plain program"),
        "replaced" => {
            place.leave("ready", "");
            place.wait_for("spawn");
            place.leave("result", &one("it works").unwrap());
        }
        "flood" => flood::play(),
        other => unreachable!("no part is called {other}"),
    }
}

fn wait_beside(results: Iter<String, String>) {
    here().leave("ready", "");
    here().wait_for("end");
    drop(results);
}

/// A program without the line.
pub(crate) fn forgetful() {
    let error = one("it works").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    here().leave("error", &error.to_string());
}

/// A program that has the line behind its first map.
pub(crate) fn late() {
    let error = one("it works").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    here().leave(&format!("error-{}", id()), &error.to_string());
    opero_map::process::init();
    here().leave("result", &one("it works").unwrap());
}

/// What a program sees of the world.
fn surroundings() -> String {
    let mut input = String::new();
    stdin().read_to_string(&mut input).unwrap();
    let arguments: Vec<_> = std::env::args_os().collect();
    let own = std::env::vars_os().filter(|(name, _)| name != "OPERO_WORKER");
    let mut environment: Vec<_> = own.collect();
    environment.sort();
    let directory = std::env::current_dir().unwrap();
    format!("{arguments:?}\n{environment:?}\n{directory:?}\n{input:?}")
}

/// Starts this very program, with whatever the environment is, as a program would.
fn program() -> Result<String, String> {
    let mut told = String::new();
    let (socket, _other) = UnixStream::pair().map_err(|error| error.to_string())?;
    let socket = Stdio::from(OwnedFd::from(socket));
    for input in [Stdio::inherit(), Stdio::null(), Stdio::piped(), socket] {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        // The same but for what it shall do.
        command.env("OPERO_TEST_PART", "plain").stdin(input);
        let output = command.output().map_err(|error| error.to_string())?;
        told.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    Ok(told)
}

/// A child that stays, and has what this process lets it have. Mostly it is waited for.
fn child(place: &Place) -> Result<String, String> {
    let mut child = Command::new("sleep")
        .arg("3600")
        .spawn()
        .map_err(|error| error.to_string())?;
    place.leave(&format!("child-{}", child.id()), "");
    if !part().is_some_and(|part| part.starts_with("leaving-")) {
        child.wait().map_err(|error| error.to_string())?;
    }
    Ok(String::new())
}
