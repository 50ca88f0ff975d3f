//! A store with one thing wrong, which the suite must name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use opero_cache::conformance::{self, Failure, Lifetime};
use opero_cache::{
    Backend, BackendError, ByteStore, CacheOptions, Claim, Key, Lease, Spot, async_trait,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    CutsLongRecords,
    LosesEmptyRecords,
    KeepsTheFirst,
    NeverRemoves,
    ReadDisagrees,
    StringsNamesTogether,
    ClearsByPrefix,
    ClearsAPage,
    ClearsNoNamespace,
    ClearsTooManyNamespaces,
    FailsForNoTime,
    TearsRecords,
    ShowsRecords,
    ForgetsAtClose,
    LeasesToAll,
    LeasesForEver,
    LeasesByFunction,
    NumbersAllAlike,
    BringsNoRecord,
}

/// What a server would hold.
#[derive(Default)]
struct Server {
    records: Mutex<HashMap<(String, Key), Vec<u8>>>,
    leases: Mutex<HashMap<(String, Key), u64>>,
    numbers: AtomicU64,
}

struct Faulty {
    fault: Fault,
    server: Arc<Server>,
    namespace: Arc<str>,
    space: String,
}

fn prefix(namespace: &str) -> String {
    format!("{}:{namespace}:", namespace.len())
}

impl Faulty {
    fn open(fault: Fault, server: &Arc<Server>, options: &CacheOptions) -> Arc<dyn ByteStore> {
        let (namespace, function) = (&options.namespace, &options.function);
        Arc::new(Self {
            fault,
            server: Arc::clone(server),
            namespace: Arc::clone(namespace),
            space: match fault {
                Fault::StringsNamesTogether => format!("{namespace}:{function}"),
                _ => prefix(namespace) + function,
            },
        })
    }

    fn at(&self, key: &Key) -> (String, Key) {
        (self.space.clone(), *key)
    }

    fn record(&self, key: &Key) -> Option<Vec<u8>> {
        self.server
            .records
            .lock()
            .unwrap()
            .get(&self.at(key))
            .cloned()
    }
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Faulty");
        if self.fault == Fault::ShowsRecords {
            shown.field("records", &self.server.records.lock().unwrap().values());
        }
        shown.finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for Faulty {
    fn scheme(&self) -> &'static str {
        "faulty"
    }

    async fn close(&self) -> Result<(), BackendError> {
        if self.fault == Fault::ForgetsAtClose {
            self.server.records.lock().unwrap().clear();
        }
        Ok(())
    }
}

#[async_trait]
impl ByteStore for Faulty {
    fn read(&self, key: &Key, visit: &mut dyn FnMut(&[u8])) -> Result<Spot, BackendError> {
        Ok(match self.record(key) {
            Some(record) if self.fault != Fault::ReadDisagrees => {
                visit(&record);
                Spot::Found
            }
            _ => Spot::Missing,
        })
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, BackendError> {
        Ok(self.record(key))
    }

    async fn put(
        &self,
        key: &Key,
        mut record: Vec<u8>,
        keep: Option<Duration>,
    ) -> Result<(), BackendError> {
        if self.fault == Fault::FailsForNoTime && keep == Some(Duration::ZERO) {
            return Err(BackendError::new("invalid expire time"));
        }
        if self.fault == Fault::CutsLongRecords {
            record.truncate(65_535);
        }
        if self.fault == Fault::LosesEmptyRecords && record.is_empty() {
            return Ok(());
        }
        if self.fault == Fault::TearsRecords {
            let mut records = self.server.records.lock().unwrap();
            let before = records.entry(self.at(key)).or_default();
            let half = before.len().min(record.len()) / 2;
            before.resize(record.len(), 0);
            before[half..].copy_from_slice(&record[half..]);
            drop(records);
            std::thread::yield_now();
        }
        let mut records = self.server.records.lock().unwrap();
        if self.fault != Fault::KeepsTheFirst || !records.contains_key(&self.at(key)) {
            records.insert(self.at(key), record);
        }
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        if self.fault != Fault::NeverRemoves {
            self.server.records.lock().unwrap().remove(&self.at(key));
        }
        Ok(())
    }

    async fn clear(&self) -> Result<(), BackendError> {
        let mut left = match self.fault {
            Fault::ClearsAPage => 1000,
            _ => usize::MAX,
        };
        let mut records = self.server.records.lock().unwrap();
        records.retain(|(space, _), _| {
            let hit = match self.fault {
                Fault::ClearsByPrefix => space.starts_with(&self.space),
                _ => *space == self.space,
            };
            let cleared = hit && left > 0;
            left -= usize::from(cleared);
            !cleared
        });
        Ok(())
    }

    async fn clear_namespace(&self) -> Result<(), BackendError> {
        if self.fault == Fault::ClearsNoNamespace {
            return self.clear().await;
        }
        let mut records = self.server.records.lock().unwrap();
        records.retain(|(space, _), _| match self.fault {
            Fault::ClearsTooManyNamespaces => !space.contains(&*self.namespace),
            _ => !space.starts_with(&prefix(&self.namespace)),
        });
        Ok(())
    }

    fn is_shared(&self) -> bool {
        true
    }
    async fn claim(&self, key: &Key) -> Result<Claim, BackendError> {
        let record = match self.fault {
            Fault::BringsNoRecord => None,
            _ => self.record(key),
        };
        let at = match self.fault {
            Fault::LeasesByFunction => self.at(&Key::stable(0)),
            _ => self.at(key),
        };
        let mut leases = self.server.leases.lock().unwrap();
        if let Some(&holder) = leases.get(&at)
            && self.fault != Fault::LeasesToAll
        {
            return Ok(Claim::Held { holder, record });
        }
        let number = match self.fault {
            Fault::NumbersAllAlike => 7,
            _ => self.server.numbers.fetch_add(1, Ordering::SeqCst),
        };
        leases.insert(at.clone(), number);
        let lease = Held {
            server: Arc::clone(&self.server),
            at,
            for_ever: self.fault == Fault::LeasesForEver,
        };
        Ok(Claim::Acquired {
            lease: Box::new(lease),
            record,
        })
    }
}

struct Held {
    server: Arc<Server>,
    at: (String, Key),
    for_ever: bool,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

#[async_trait]
impl Lease for Held {
    async fn release(self: Box<Self>) {}
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.for_ever {
            self.server.leases.lock().unwrap().remove(&self.at);
        }
    }
}

fn suite(fault: Fault) -> Result<(), Failure> {
    let server = Arc::new(Server::default());
    conformance::store(Lifetime::Store, |options| {
        Ok(Faulty::open(fault, &server, options))
    })
}

#[test]
fn a_store_without_a_fault_passes() {
    assert_eq!(suite(Fault::None), Ok(()));
}

#[test]
fn each_fault_is_named() {
    let faults = [
        (
            Fault::CutsLongRecords,
            "what was put is found, byte for byte",
        ),
        (
            Fault::LosesEmptyRecords,
            "what was put is found, byte for byte",
        ),
        (Fault::KeepsTheFirst, "a later record takes the place"),
        (Fault::NeverRemoves, "what was removed is gone"),
        (Fault::ReadDisagrees, "what was put is found"),
        (Fault::StringsNamesTogether, "two functions never see"),
        (
            Fault::ClearsByPrefix,
            "clearing empties the function, and no other",
        ),
        (Fault::ClearsAPage, "many records are cleared like few"),
        (Fault::ClearsNoNamespace, "clearing the namespace empties"),
        (
            Fault::ClearsTooManyNamespaces,
            "clearing the namespace empties",
        ),
        (
            Fault::FailsForNoTime,
            "no time to keep a record is too short",
        ),
        (Fault::TearsRecords, "many threads never mix records"),
        (Fault::ShowsRecords, "`Debug` shows neither"),
        (Fault::ForgetsAtClose, "another handle after it"),
        (Fault::LeasesToAll, "one holds the lease"),
        (
            Fault::LeasesForEver,
            "a lease that is given up or dropped passes on",
        ),
        (Fault::LeasesByFunction, "leases of other calls are others"),
        (
            Fault::NumbersAllAlike,
            "a lease that is given up or dropped passes on",
        ),
        (Fault::BringsNoRecord, "one holds the lease"),
    ];
    // Side by side: some show only after the suite's patience has ended.
    thread::scope(|scope| {
        for (fault, promise) in faults {
            scope.spawn(move || named(fault, promise));
        }
    });
}

fn named(fault: Fault, promise: &str) {
    let failure = suite(fault).unwrap_err();
    let named = failure.broken().any(|broken| broken.starts_with(promise));
    assert!(named, "{fault:?}: {failure}");
    assert!(!failure.to_string().contains("s3cret"), "{failure}");
}
