use std::time::{Duration, Instant};

use opero_test_servers::RedisServer;

use crate::support::{SECRET, Subject, both_ways, patient};

both_ways! { (cache_backend)
    a_server_that_is_down_at_the_start
    a_server_that_is_killed
    a_server_that_is_paused
    a_server_that_was_restarted_empty
    a_server_behind_two_layers_that_is_killed
    a_wrong_password
    a_server_out_of_memory
}

fn a_server_that_is_down_at_the_start(subject: &Subject) {
    let mut server = RedisServer::start().unwrap();
    server.kill();
    subject.on(server.url());
    for number in 0..20 {
        subject.executes_in_spite_of(number, "cache_unavailable redis: ");
    }
    server.restart_empty().unwrap();
    subject.comes_back(0);
}

/// While calls are under way.
fn a_server_that_is_killed(subject: &Subject) {
    const CALLS: usize = 200;
    let mut server = RedisServer::start().unwrap();
    subject.on(patient(&server));
    subject.executes_and_keeps(0);
    subject.hit(0);
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| subject.call_all(4, CALLS));
        while subject.trace.len() < CALLS && !calling.is_finished() {
            std::thread::yield_now();
        }
        server.kill();
        let lines = calling.join().unwrap();
        let of = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!(of("execution_ended 1.0 ok"), 4 * CALLS);
        assert!(of("cache_stored") > 0);
        assert!(of("cache_unavailable redis: ") > 0);
    });
    subject.executes_in_spite_of(0, "cache_unavailable redis: ");
    server.restart_empty().unwrap();
    subject.comes_back(0);
}

/// It accepts connections and never answers.
fn a_server_that_is_paused(subject: &Subject) {
    const THREADS: usize = 8;
    const CALLS: usize = 25;
    const ALL: u32 = (THREADS * CALLS) as u32;
    const TIMEOUT: Duration = Duration::from_millis(250);
    let server = RedisServer::start().unwrap();
    subject.on(format!("{}?timeout=250ms", server.url()));
    subject.comes_back(0);
    server.pause().unwrap();
    let paused = Instant::now();
    let lines = subject.call_all(THREADS, CALLS);
    // Those that are under way when it shows wait once, and hardly any after them.
    assert!(paused.elapsed() < TIMEOUT * ALL / 4);
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    let waited = count("did not answer within");
    assert!((1..=2 * THREADS).contains(&waited), "{waited} waited");
    assert!(count("is left alone") >= THREADS * CALLS);
    assert_eq!(count("execution_ended 1.0 ok"), THREADS * CALLS);
    server.resume().unwrap();
    subject.comes_back(0);
}

fn a_server_that_was_restarted_empty(subject: &Subject) {
    let mut server = RedisServer::start().unwrap();
    subject.on(patient(&server));
    for _ in 0..3 {
        subject.executes_and_keeps(0);
        subject.hit(0);
        server.restart_empty().unwrap();
    }
    // The old connection is not held against it.
    let lines = subject.call(0);
    let unavailable = lines.iter().find(|line| line.contains("unavailable"));
    assert_eq!(unavailable, None);
    subject.hit(0);
}

fn a_server_behind_two_layers_that_is_killed(subject: &Subject) {
    let mut server = RedisServer::start().unwrap();
    subject.on(format!("memory+{}", patient(&server)));
    subject.executes_and_keeps(0);
    server.kill();
    // The nearer layer goes on, with what it has and with what comes.
    subject.hit(0);
    subject.executes_in_spite_of(1, "cache_unavailable redis: ");
    subject.hit(1);
    server.restart_empty().unwrap();
    // Words that are new until one is kept in both layers.
    let reached = (2..).find(|number| {
        std::thread::sleep(Duration::from_millis(10));
        let lines = subject.call(*number);
        !lines.iter().any(|line| line.contains("unavailable"))
    });
    subject.hit(reached.unwrap());
}

fn a_wrong_password(subject: &Subject) {
    let server = RedisServer::start_with(&["--requirepass", "right"]).unwrap();
    subject.on(server.url_as(&format!(":{SECRET}")));
    subject.executes_in_spite_of(0, "answered WRONGPASS");
    subject.executes_in_spite_of(1, "cache_unavailable redis: ");
    configure(&server.url_as(":right"), "requirepass", SECRET);
    subject.comes_back(0);
}

fn a_server_out_of_memory(subject: &Subject) {
    let server = RedisServer::start_with(&["--maxmemory-policy", "noeviction"]).unwrap();
    subject.on(patient(&server));
    subject.executes_and_keeps(0);
    configure(&server.url(), "maxmemory", "1");
    for number in 1..20 {
        subject.executes_in_spite_of(number, "answered OOM");
        // It still reads.
        subject.hit(0);
    }
    configure(&server.url(), "maxmemory", "0");
    subject.executes_and_keeps(1);
    subject.hit(1);
}

fn configure(url: &str, parameter: &str, value: &str) {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut command = redis::cmd("CONFIG");
    let command = command.arg("SET").arg(parameter).arg(value);
    command.exec(&mut connection).unwrap();
}
