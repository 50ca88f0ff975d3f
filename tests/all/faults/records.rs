use opero_test_servers::RedisServer;
use redis::{Commands, Connection};

use crate::support::{Subject, both_ways, patient};

both_ways! { (cache_backend)
    a_record_that_cannot_be_read_is_a_miss_and_is_replaced
}

/// A way to spoil the record under `key`, and what the event says.
type Spoil = (fn(&mut Connection, &str), &'static str);

const SPOILS: &[Spoil] = &[
    (
        |server, key| {
            let _: () = server.del(key).unwrap();
            let _: () = server.lpush(key, "an element").unwrap();
        },
        "it is not a record of opero's",
    ),
    (
        |server, key| edit(server, key, |record| record.truncate(record.len() / 2)),
        "the record is cut short",
    ),
    (
        |server, key| edit(server, key, |record| record.truncate(3)),
        "it is not a record of opero's",
    ),
    (
        |server, key| edit(server, key, Vec::clear),
        "it is not a record of opero's",
    ),
    (
        |server, key| {
            edit(server, key, |record| {
                *record = b"another program's".to_vec()
            })
        },
        "it is not a record of opero's",
    ),
    (
        |server, key| edit(server, key, |record| record[4] += 1),
        "the record has format 2, this version of opero reads 1",
    ),
    (
        |server, key| edit(server, key, |record| *record.last_mut().unwrap() ^= 1),
        "the record is damaged, or belongs to another key",
    ),
    (
        |server, key| {
            let keys = keys(server);
            let other = keys.into_iter().find(|other| other != key).unwrap();
            let record: Vec<u8> = server.get(other).unwrap();
            edit(server, key, |mine| *mine = record);
        },
        "the record is damaged, or belongs to another key",
    ),
];

fn a_record_that_cannot_be_read_is_a_miss_and_is_replaced(subject: &Subject) {
    let server = RedisServer::start().unwrap();
    let url = server.url();
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    subject.on(patient(&server));
    subject.executes_and_keeps(0);
    let [key] = &keys(&mut connection)[..] else {
        panic!("one call has one key");
    };
    subject.executes_and_keeps(1);
    for (spoil, reason) in SPOILS {
        subject.hit(0);
        spoil(&mut connection, key);
        let lines = subject.call(0);
        let rejected = format!("cache_rejected redis: {reason}");
        assert_eq!(lines.first(), Some(&rejected));
        assert_eq!(lines.last().unwrap(), "cache_stored", "{lines:?}");
    }
    subject.hit(0);
    subject.hit(1);
}

/// The keys of the records.
fn keys(server: &mut Connection) -> Vec<String> {
    let keys = server.scan_match::<_, String>("opero:*").unwrap();
    let keys = keys.map(Result::unwrap);
    keys.filter(|key| !key.ends_with(":lease")).collect()
}

fn edit(server: &mut Connection, key: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    // Of another type or not there: it starts with nothing.
    let mut record: Vec<u8> = server.get(key).unwrap_or_default();
    edit(&mut record);
    let _: () = server.set(key, record).unwrap();
}
