//! What the threads of a run offer to the functions that run on them.

use std::hint::black_box;
use std::sync::mpsc;
use std::time::Duration;

use opero_map::{map, map_async};
use rayon::prelude::*;

/// More than the two mebibytes that a thread has by default, less than the eight of a main thread.
const FRAMES: u32 = 512;

fn deep(frames: u32) -> u32 {
    let frame = [0_u8; 8192];
    match frames {
        0 => 0,
        _ => deep(frames - 1) + 1 + u32::from(black_box(&frame)[7]),
    }
}

#[test]
fn items_on_threads_have_a_main_threads_stack() {
    let results = map([FRAMES; 2], |n| Ok::<_, ()>(deep(n))).try_run();
    assert_eq!(results.unwrap(), [FRAMES; 2]);
    let results = map([FRAMES], |n| Ok::<_, ()>(deep(n))).iter();
    assert_eq!(results.flatten().sum::<u32>(), FRAMES);
}

#[tokio::test]
async fn async_items_on_threads_of_the_run_have_a_main_threads_stack() {
    let run = || map_async([FRAMES], async |n| Ok::<_, ()>(deep(n)));
    assert_eq!(run().try_run().unwrap(), [FRAMES]);
    assert_eq!(run().iter().flatten().sum::<u32>(), FRAMES);
}

/// Waits for something that rayon does on another thread.
fn spawned(n: u32) -> Result<u32, ()> {
    let (sender, receiver) = mpsc::channel();
    rayon::spawn(move || sender.send(n).unwrap());
    receiver.recv().map_err(drop)
}

fn bridged(n: u32) -> Result<u32, ()> {
    let (sender, receiver) = mpsc::channel();
    rayon::spawn(move || (0..n).for_each(|n| sender.send(n).unwrap()));
    Ok(receiver.into_iter().par_bridge().map(|_| 1).sum())
}

fn scoped(n: u32) -> Result<u32, ()> {
    let mut result = 0;
    rayon::scope(|scope| scope.spawn(|_| result = n));
    Ok(result)
}

/// A run that hangs is a failure, not a test that never ends.
fn within(run: impl FnOnce() -> Vec<u32> + Send + 'static) -> Vec<u32> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(run()));
    receiver.recv_timeout(Duration::from_secs(60)).unwrap()
}

#[test]
fn items_may_wait_for_what_rayon_does() {
    let items: Vec<u32> = (0..8).collect();
    for work in [spawned, bridged, scoped] {
        for workers in [1, 2, 4] {
            let run = map(0..8, work).workers(workers);
            assert_eq!(within(|| run.try_run().unwrap()), items);
            let run = map(0..8, work).workers(workers);
            assert_eq!(within(|| run.iter().flatten().collect()), items);
        }
    }
}

#[test]
fn maps_in_a_rayon_pool_may_use_rayon_in_their_items() {
    let inner = |n| map(0..n, spawned).workers(1).try_run().unwrap().len() as u32;
    let outer = move || (0..8).into_par_iter().map(inner).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    assert!(
        within(move || pool.unwrap().install(outer))
            .into_iter()
            .eq(0..8)
    );
}
