//! A backend with one thing wrong, which the suite must name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use opero_cache::conformance;
use opero_cache::{
    Backend, BackendError, CacheBackend, CacheOptions, Entry, Key, ManualClock, Peek, async_trait,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    KeepsNothing,
    KeepsTheFirst,
    NeverRemoves,
    PeekDisagrees,
    OneClearsAll,
    ClearsNothing,
    HasItsOwnClock,
    SweepsAll,
    HasNoBound,
    CountsNoEvictions,
    ShowsKeys,
    ShowsValues,
    Panics,
    FailsItsPing,
    HasNoName,
}

type Entries = Arc<Mutex<HashMap<Key, Entry>>>;

struct Faulty {
    fault: Fault,
    capacity: u64,
    entries: Entries,
    evictions: Mutex<u64>,
}

impl Faulty {
    fn open(fault: Fault, options: &CacheOptions) -> Arc<dyn CacheBackend> {
        static SHARED: OnceLock<Entries> = OnceLock::new();
        Arc::new(Self {
            fault,
            capacity: options.capacity,
            entries: match fault {
                Fault::OneClearsAll => Arc::clone(SHARED.get_or_init(Entries::default)),
                _ => Entries::default(),
            },
            evictions: Mutex::default(),
        })
    }

    fn entry(&self, key: &Key) -> Option<Entry> {
        let now = ManualClock::new();
        let entry = self.entries.lock().unwrap().get(key).cloned()?;
        let gone =
            self.fault == Fault::HasItsOwnClock && entry.is_expired(opero_core::Clock::now(&now));
        (!gone).then_some(entry)
    }
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entries = self.entries.lock().unwrap();
        match self.fault {
            Fault::ShowsKeys => f
                .debug_list()
                .entries(entries.keys().map(|key| key.as_u128()))
                .finish(),
            Fault::ShowsValues => f
                .debug_list()
                .entries(entries.values().map(|entry| entry.value::<String>()))
                .finish(),
            _ => f.write_str("Faulty"),
        }
    }
}

#[async_trait]
impl Backend for Faulty {
    fn scheme(&self) -> &str {
        match self.fault {
            Fault::HasNoName => "",
            _ => "faulty",
        }
    }

    async fn ping(&self) -> Result<(), BackendError> {
        match self.fault {
            Fault::FailsItsPing => Err(BackendError::new("no server is there")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl CacheBackend for Faulty {
    fn peek(&self, key: &Key) -> Peek {
        match self.fault {
            Fault::PeekDisagrees => Peek::Miss,
            _ => self.entry(key).into(),
        }
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>, BackendError> {
        assert!(self.fault != Fault::Panics, "this panic is wanted");
        Ok(self.entry(key))
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
        let mut entries = self.entries.lock().unwrap();
        match self.fault {
            Fault::KeepsNothing => return Ok(()),
            Fault::KeepsTheFirst if entries.contains_key(key) => return Ok(()),
            _ => drop(entries.insert(*key, entry)),
        }
        if entries.len() as u64 > self.capacity && self.fault != Fault::HasNoBound {
            let victim = *entries.keys().find(|other| *other != key).unwrap();
            entries.remove(&victim);
            if self.fault != Fault::CountsNoEvictions {
                *self.evictions.lock().unwrap() += 1;
            }
        }
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        if self.fault != Fault::NeverRemoves {
            self.entries.lock().unwrap().remove(key);
        }
        Ok(())
    }

    async fn clear(&self) -> Result<(), BackendError> {
        if self.fault != Fault::ClearsNothing {
            self.entries.lock().unwrap().clear();
        }
        Ok(())
    }

    async fn sweep(&self, now: opero_core::Instant) -> Result<(), BackendError> {
        let all = self.fault == Fault::SweepsAll;
        let keep = |_: &Key, entry: &mut Entry| !all && !entry.is_expired(now);
        self.entries.lock().unwrap().retain(keep);
        Ok(())
    }

    fn entries(&self) -> u64 {
        self.entries.lock().unwrap().len() as u64
    }

    fn evictions(&self) -> u64 {
        *self.evictions.lock().unwrap()
    }
}

#[test]
fn a_backend_without_a_fault_passes() {
    let open = |options: &CacheOptions| Ok(Faulty::open(Fault::None, options));
    assert_eq!(conformance::objects(open), Ok(()));
}

#[test]
fn each_fault_is_named() {
    let faults = [
        (Fault::KeepsNothing, "what was put is found"),
        (Fault::KeepsTheFirst, "a later put takes the place"),
        (Fault::NeverRemoves, "what was removed is gone"),
        (Fault::PeekDisagrees, "what was put is found"),
        (
            Fault::OneClearsAll,
            "clearing empties the function, and no other",
        ),
        (Fault::ClearsNothing, "clearing empties the function"),
        (
            Fault::HasItsOwnClock,
            "whether an entry has expired is not its",
        ),
        (
            Fault::SweepsAll,
            "a sweep drops nothing that has not expired",
        ),
        (Fault::HasNoBound, "the capacity is a bound"),
        (Fault::CountsNoEvictions, "the capacity is a bound"),
        (Fault::ShowsKeys, "`Debug` shows neither"),
        (Fault::ShowsValues, "`Debug` shows neither"),
        (Fault::Panics, "what was put is found"),
        (Fault::FailsItsPing, "it answers a ping"),
        (Fault::HasNoName, "it answers a ping"),
    ];
    // Side by side: some show only after the suite's patience has ended.
    thread::scope(|scope| {
        for (fault, promise) in faults {
            scope.spawn(move || named(fault, promise));
        }
    });
}

fn named(fault: Fault, promise: &str) {
    let open = |options: &CacheOptions| Ok(Faulty::open(fault, options));
    let failure = conformance::objects(open).unwrap_err();
    let named = failure.broken().any(|broken| broken.starts_with(promise));
    assert!(named, "{fault:?}: {failure}");
    assert!(!failure.to_string().contains("s3cret"), "{failure}");
}
