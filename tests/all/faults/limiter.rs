use opero_test_servers::RedisServer;

use crate::support::{SECRET, Subject, both_ways, executed, patient};

both_ways! { (cache = false, rate_limit = "1000/s", rate_backend)
    a_limiter_whose_server_is_away_rejects
    a_limiter_that_limits_locally_meanwhile_goes_on
    a_limiter_with_a_wrong_password_rejects
}

const AWAY: &str = "limiter_unavailable redis: ";

fn a_limiter_whose_server_is_away_rejects(subject: &Subject) {
    let mut server = RedisServer::start().unwrap();
    subject.on(patient(&server));
    assert!(executed(&subject.call(0)));
    server.kill();
    for number in 0..20 {
        subject.is_rejected(number, AWAY);
    }
    server.restart_empty().unwrap();
    subject.succeeds_again(0);
}

fn a_limiter_that_limits_locally_meanwhile_goes_on(subject: &Subject) {
    let mut server = RedisServer::start().unwrap();
    subject.on(format!("{}&on_unavailable=local", patient(&server)));
    assert!(executed(&subject.call(0)));
    server.kill();
    let mut lines = Vec::new();
    for number in 0..20 {
        lines.extend(subject.call(number));
    }
    assert!(lines.iter().any(|line| line.starts_with(AWAY)), "{lines:?}");
}

fn a_limiter_with_a_wrong_password_rejects(subject: &Subject) {
    let server = RedisServer::start_with(&["--requirepass", "right"]).unwrap();
    subject.on(server.url_as(&format!(":{SECRET}")));
    subject.is_rejected(0, "answered WRONGPASS");
    subject.is_rejected(1, AWAY);
}
