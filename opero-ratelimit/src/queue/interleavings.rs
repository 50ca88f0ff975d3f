//! The queue under shuttle's scheduler, which tries orders of execution that a test on real threads hardly meets. A lost
//! wake-up would show as a deadlock, which shuttle reports.
#![cfg(shuttle)]

use std::pin::pin;
use std::sync::Arc;

use shuttle::sync::Mutex as Shared;
use shuttle::{check_random, future, thread};

use super::*;

const SCHEDULES: usize = 20_000;

fn queues() -> Arc<Queues> {
    Arc::new(Queues::new(Quota::per_second(1.0).unwrap()))
}

fn join(queues: &Queues) -> Position<'_> {
    let request = Request {
        key: None,
        cost: 1,
        now: Instant::ORIGIN,
        max_wait: None,
        told: None,
    };
    queues.join(&request).ok().unwrap()
}

#[test]
fn one_at_a_time_in_order_and_nobody_is_forgotten() {
    check_random(
        || {
            let queues = queues();
            let served = Arc::new(Shared::new(Vec::new()));
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let (queues, served) = (Arc::clone(&queues), Arc::clone(&served));
                    thread::spawn(move || {
                        let position = join(&queues);
                        future::block_on(position.turn());
                        served.lock().unwrap().push(position.ticket);
                        position.admitted(Instant::ORIGIN);
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(*served.lock().unwrap(), [0, 1, 2]);
            assert!(queues.is_empty());
        },
        SCHEDULES,
    );
}

#[test]
fn whoever_gives_up_passes_the_turn_on() {
    check_random(
        || {
            let queues = queues();
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let queues = Arc::clone(&queues);
                    thread::spawn(move || {
                        let position = join(&queues);
                        if number % 2 == 0 {
                            future::block_on(position.turn());
                            return;
                        }
                        // Polled once, it has left a waker behind; then it is dropped, head by then or not.
                        future::block_on(async {
                            let mut turn = pin!(position.turn());
                            poll_fn(|cx| {
                                let _ = turn.as_mut().poll(cx);
                                Poll::Ready(())
                            })
                            .await;
                        });
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert!(queues.is_empty());
        },
        SCHEDULES,
    );
}
