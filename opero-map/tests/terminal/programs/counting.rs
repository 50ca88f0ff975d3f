//! Programs that run a map whose items wait until they are told to go on.

use std::process::id;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use opero_map::{Cancel, ErrorKind, map, map_worker, worker};
use signal_hook::consts::SIGINT;

use super::{Place, eventually};

/// Says that it runs, and waits for `go`.
fn item(n: u64) -> Result<u64, String> {
    let place = Place::of_this_program().ok_or("no place")?;
    place.leave(&format!("item-{n}"), &id().to_string());
    place.wait_for("go");
    Ok(n)
}
worker!(ITEM = item: fn(u64) -> Result<u64, String>);

fn quick(n: u64) -> Result<u64, String> {
    Ok(n)
}
worker!(QUICK = quick: fn(u64) -> Result<u64, String>);

fn report(place: &Place, results: &[Result<u64, opero_map::Error<String>>]) {
    for (place, result) in (0..).zip(results) {
        match result {
            Ok(n) => assert_eq!(*n, place, "{results:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Stopped, "{results:?}"),
        }
    }
    let finished = results.iter().flatten().count();
    place.leave("results", &finished.to_string());
    place.leave("unfinished", &(results.len() - finished).to_string());
}

#[test]
fn in_processes() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    let cancel = Cancel::new();
    let watched = (cancel.clone(), place.clone());
    std::thread::spawn(move || {
        let (cancel, place) = watched;
        eventually("the stop", || cancel.is_stopping().then_some(()));
        place.leave("stopping", "");
    });
    let results = map_worker(0..200, &ITEM)
        .workers(2)
        .cancel_on(&cancel)
        .run();
    report(&place, &results);
    place.leave("stopped", &cancel.is_stopping().to_string());
}

#[test]
fn on_threads() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    let results = map(0..200, item).workers(2).ctrl_c(true).run();
    report(&place, &results);
}

/// The run in workers is over, and the one that goes on has none.
#[test]
fn after_processes() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    let results = map_worker(0..2, &QUICK).workers(2).run();
    assert!(results.iter().all(Result::is_ok));
    let results = map(0..200, item).workers(2).ctrl_c(true).run();
    report(&place, &results);
}

#[test]
fn on_threads_by_default() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    let results = map(0..200, item).workers(2).run();
    report(&place, &results);
}

/// A map in an item of another one: the first Ctrl-C lets both items finish.
#[test]
fn in_an_item() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    let inner = AtomicUsize::new(0);
    let outer = |_: u32| {
        let results = map(0..20, item).workers(2).ctrl_c(true).run();
        inner.fetch_add(results.len(), SeqCst);
        Ok::<_, ()>(())
    };
    let results = map(0..100, outer).workers(1).ctrl_c(true).run();
    place.leave("inner", &inner.load(SeqCst).to_string());
    place.leave("results", &results.len().to_string());
}

/// A run is over, and the program goes on to do something else.
#[test]
fn before_something_else() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    let results = map(0..10, Ok::<_, String>).ctrl_c(true).run();
    report(&place, &results);
    place.wait_for("end");
}

/// The program catches the signal itself, before its first run.
#[test]
fn beside_a_handler() {
    let Some(place) = Place::of_this_program() else {
        return;
    };
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, Arc::clone(&caught)).unwrap();
    let results = map(0..200, item).workers(2).ctrl_c(true).run();
    assert!(caught.swap(false, SeqCst));
    report(&place, &results);
    eventually("the program's own signal", || {
        caught.load(SeqCst).then_some(())
    });
    place.leave("caught", "");
}
