//! A server that is away costs its callers a bounded time, and once.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_redis::redis::Value;
use opero_test_servers::RedisServer;
use tokio::sync::Barrier;

use crate::support::{GUARD, cmd, directly, open, open_patiently, ping, until_answered};

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_used_once_it_is_up() {
    let mut server = RedisServer::start().unwrap();
    server.kill();
    let redis = open(&server.url());
    let error = ping(&redis).await.unwrap_err();
    assert!(error.is_away());
    assert!(error.to_string().contains("connection refused"), "{error}");
    server.restart_empty().unwrap();
    until_answered(&redis).await;
}

#[tokio::test]
async fn after_a_failure_calls_are_rejected_at_once_and_one_at_a_time_tries() {
    let mut server = RedisServer::start().unwrap();
    let redis = open(&server.url());
    ping(&redis).await.unwrap();
    server.kill();
    assert!(ping(&redis).await.unwrap_err().is_away());
    let mut left_alone = 0;
    for _ in 0..1_000 {
        let error = ping(&redis).await.unwrap_err().to_string();
        left_alone += usize::from(error.contains("left alone"));
    }
    // The pause may end meanwhile, and then one or two of them try.
    assert!(left_alone > 900, "{left_alone}");
}

#[tokio::test]
async fn a_paused_server_costs_each_waiting_call_its_timeout_and_later_ones_nothing() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server.url());
    ping(&redis).await.unwrap();
    server.pause().unwrap();
    let started = Instant::now();
    let calls = (0..64).map(|_| {
        let redis = redis.clone();
        tokio::spawn(async move { ping(&redis).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap().unwrap_err().is_away());
    }
    // Were each later one to wait its quarter of a second, this would take four minutes.
    for _ in 0..1_000 {
        assert!(ping(&redis).await.unwrap_err().is_away());
    }
    assert!(started.elapsed() < GUARD);
    server.resume().unwrap();
    until_answered(&redis).await;
}

/// The commands of one connection are answered in turn, so one that takes its time delays all; no other connection's.
#[tokio::test]
async fn one_slow_answer_takes_no_server_away() {
    let server = RedisServer::start().unwrap();
    let redis = open(&format!(
        "{}?timeout=500ms&connect_timeout=30s",
        server.url()
    ));
    until_answered(&redis).await;
    let wait = cmd(&["BLPOP", "nothing", "10"]);
    for _ in 0..2 {
        let (slow, other) = tokio::join!(redis.command::<Value>(&wait), ping(&redis));
        for error in [slow.unwrap_err(), other.unwrap_err()] {
            assert!(error.is_away());
            assert!(
                error.to_string().contains("did not answer within"),
                "{error}"
            );
        }
        // The machine may be busy; what is never said is that the server is left alone.
        while let Err(error) = ping(&redis).await {
            assert!(!error.to_string().contains("left alone"), "{error}");
        }
    }
}

/// A limit for the wait alone would be over long before the end of what is sent.
#[tokio::test]
async fn a_large_request_has_the_time_that_its_way_takes() {
    let server = RedisServer::start().unwrap();
    let redis = open(&format!("{}?timeout=2ms&connect_timeout=30s", server.url()));
    until_answered(&redis).await;
    // Some 30 ms on this machine's own line, and 6 s by what it is given.
    let large = "x".repeat(60_000_000);
    let () = redis.command(&cmd(&["SET", "a", &large])).await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_restarted_while_nobody_asked_costs_no_call() {
    let mut server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    let () = redis.command(&cmd(&["SET", "a", "1"])).await.unwrap();
    for _ in 0..3 {
        server.restart_empty().unwrap();
        let a: Value = redis.command(&cmd(&["GET", "a"])).await.unwrap();
        assert_eq!(a, Value::Nil);
    }
}

#[tokio::test]
async fn a_server_killed_in_the_midst_is_used_again_when_it_is_back() {
    let mut server = RedisServer::start().unwrap();
    let redis = open(&server.url());
    let begun = Arc::new(Barrier::new(9));
    let callers = (0..8).map(|_| {
        let (redis, begun) = (redis.clone(), Arc::clone(&begun));
        tokio::spawn(async move {
            until_answered(&redis).await;
            begun.wait().await;
            let mut failed = false;
            loop {
                match ping(&redis).await {
                    Ok(()) if failed => return,
                    Ok(()) => {}
                    Err(error) => {
                        assert!(error.is_away(), "{error}");
                        failed = true;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    begun.wait().await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.restart_empty().unwrap();
    for caller in callers {
        tokio::time::timeout(GUARD, caller).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_login_that_fails_says_so_shows_nothing_and_is_not_tried_by_every_call() {
    let server = RedisServer::start_with(&["--requirepass", "right"]).unwrap();
    for user in [":geheim", "anna:geheim", ""] {
        let url = match user {
            "" => server.url(),
            user => server.url_as(user),
        };
        let redis = open(&url);
        let error = ping(&redis).await.unwrap_err();
        let text = format!("{error} {error:?} {redis:?}");
        assert!(!text.contains("geheim") && !text.contains("anna"), "{text}");
        let expected = if user.is_empty() {
            "NOAUTH"
        } else {
            "WRONGPASS"
        };
        assert_eq!(error.code(), Some(expected), "{text}");
        let second = ping(&redis).await.unwrap_err();
        assert!(second.to_string().contains("left alone"), "{second}");
    }
    ping(&open(&server.url_as(":right"))).await.unwrap();
}

/// A database that is not there, and a server that is none.
#[tokio::test]
async fn what_stands_in_the_way_of_a_connection_is_found_out_by_one_call() {
    let server = RedisServer::start().unwrap();
    let stranger = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = stranger.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in stranger.incoming() {
            let _ = stream
                .unwrap()
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    for (url, expected) in [
        (format!("{}/99", server.url()), "answered ERR"),
        (format!("redis://127.0.0.1:{port}"), "cannot be reached"),
    ] {
        let redis = open(&url);
        let error = ping(&redis).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        let second = ping(&redis).await.unwrap_err().to_string();
        assert!(second.contains("left alone"), "{second}");
    }
}

#[tokio::test]
async fn a_user_of_an_acl_is_logged_in_and_what_it_may_not_do_harms_nothing_else() {
    let server = RedisServer::start().unwrap();
    let allowed = "ACL SETUSER anna on >p%ss:w/rd~ ~opero:* +@all -config";
    let allowed: Vec<_> = allowed.split(' ').collect();
    let () = directly(&server.url(), &allowed);
    let redis = open_patiently(&server.url_as("anna:p%25ss%3Aw%2Frd~"));
    let () = redis.command(&cmd(&["SET", "opero:a", "1"])).await.unwrap();
    for forbidden in [&["SET", "other", "1"][..], &["CONFIG", "GET", "dir"]] {
        let error = redis.command::<Value>(&cmd(forbidden)).await.unwrap_err();
        assert_eq!(error.code(), Some("NOPERM"));
        assert!(!format!("{error}{error:?}").contains("anna"), "{error}");
        ping(&redis).await.unwrap();
    }
}

#[tokio::test]
async fn no_error_quotes_what_was_sent() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    let () = redis.command(&cmd(&["SET", "a", "geheim"])).await.unwrap();
    for wrong in [
        &["geheim", "geheim"][..],
        &["EVAL", "return geheim()", "0"],
        &["INCR", "a"],
    ] {
        let error = redis.command::<u64>(&cmd(wrong)).await.unwrap_err();
        assert!(!format!("{error}{error:?}").contains("geheim"), "{error:?}");
        assert!(!error.is_away());
    }
    let error = redis.command::<u64>(&cmd(&["GET", "a"])).await.unwrap_err();
    assert!(!format!("{error}{error:?}").contains("geheim"), "{error:?}");
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_connection_in_order() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    for n in 0..200_u64 {
        let text = n.to_string();
        let echo = cmd(&["ECHO", &text]);
        let call = redis.command::<u64>(&echo);
        // Dropped at different points of its way.
        let _ = tokio::time::timeout(Duration::from_micros(n), call).await;
        let answer: u64 = redis.command(&echo).await.unwrap();
        assert_eq!(answer, n);
    }
}
