//! Callers of every kind: on a runtime, on one that blocks, on none.

use std::time::Duration;

use opero_core::block_on;
use opero_redis::redis::Value;
use opero_test_servers::RedisServer;
use tokio::runtime::{Builder, Runtime};

use crate::support::{await_connections, cmd, open, open_patiently, ping, until_answered};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_callers_of_a_runtime_share_one_connection() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    let calls = (0..64).map(|_| {
        let redis = open_patiently(&server.url());
        tokio::spawn(async move {
            for _ in 0..20 {
                ping(&redis).await.unwrap();
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    ping(&redis).await.unwrap();
    await_connections(&server.url(), 1);
}

#[test]
fn a_thread_without_a_runtime_is_served() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    block_on(ping(&redis)).unwrap();
                }
            });
        }
    });
    await_connections(&server.url(), 1);
}

#[test]
fn a_caller_that_blocks_the_only_thread_of_its_runtime_is_served() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    current_thread().block_on(async {
        block_on(ping(&redis)).unwrap();
        ping(&redis).await.unwrap();
        block_on(ping(&redis)).unwrap();
    });
}

#[test]
fn a_blocking_caller_around_a_runtime_is_served_too() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    block_on(async {
        current_thread().block_on(ping(&redis)).unwrap();
    });
}

/// A foreign `block_on` cannot be told from driving, but from a server that is away.
#[test]
fn a_stranger_that_blocks_a_runtime_is_served_by_operos_own_a_little_later() {
    let server = RedisServer::start().unwrap();
    let redis = open(&format!(
        "{}?connect_timeout=50ms&timeout=10s",
        server.url()
    ));
    let runtime = current_thread();
    runtime.block_on(async {
        for _ in 0..3 {
            foreign_block_on(ping(&redis)).unwrap();
        }
    });
    // Also where it has a connection already.
    let redis = open(&format!(
        "{}?connect_timeout=10s&timeout=50ms",
        server.url()
    ));
    current_thread().block_on(async {
        until_answered(&redis).await;
        foreign_block_on(until_answered(&redis));
    });
}

/// A driver that opero knows nothing of.
fn foreign_block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The answer is there all the while, and is not read.
#[tokio::test]
async fn a_runtime_that_stands_still_does_not_make_the_server_slow() {
    let server = RedisServer::start().unwrap();
    let redis = open(&format!("{}?timeout=400ms", server.url()));
    until_answered(&redis).await;
    for yields in 0..3 {
        let block = async {
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
            std::thread::sleep(Duration::from_secs(1));
        };
        let (answer, ()) = tokio::join!(ping(&redis), block);
        answer.unwrap();
        ping(&redis).await.unwrap();
    }
}

#[tokio::test]
async fn a_runtime_that_stands_still_while_it_connects_does_not_make_the_server_slow() {
    let server = RedisServer::start().unwrap();
    for yields in 0..3 {
        // Another database, so another connection.
        let url = format!(
            "{}/{yields}?timeout=400ms&connect_timeout=400ms",
            server.url()
        );
        let redis = open(&url);
        let block = async {
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
            std::thread::sleep(Duration::from_secs(1));
        };
        let (answer, ()) = tokio::join!(ping(&redis), block);
        answer.unwrap();
    }
}

#[test]
fn a_connection_ends_with_its_runtime_and_the_next_one_has_its_own() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    for _ in 0..5 {
        let runtime = current_thread();
        runtime.block_on(ping(&redis)).unwrap();
        await_connections(&server.url(), 1);
        drop(runtime);
    }
}

#[test]
fn a_runtime_without_input_and_output_is_served_by_operos_own() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    let bare = Builder::new_current_thread().build().unwrap();
    for _ in 0..3 {
        bare.block_on(ping(&redis)).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn paused_time_hurries_no_call() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    for _ in 0..50 {
        ping(&redis).await.unwrap();
    }
}

#[tokio::test]
async fn a_socket_in_the_file_system_is_a_server_too() {
    let server = RedisServer::start().unwrap();
    let socket = server.socket();
    let redis = open_patiently(&format!("unix://{}?db=3", socket.display()));
    let () = redis.command(&cmd(&["SET", "a", "1"])).await.unwrap();
    let other = open_patiently(&format!("{}/3?protocol=resp3", server.url()));
    let a: Value = other.command(&cmd(&["GET", "a"])).await.unwrap();
    assert_eq!(a, Value::BulkString(b"1".to_vec()));
}
