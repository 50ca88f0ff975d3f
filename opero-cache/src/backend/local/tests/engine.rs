//! An engine whose moods a test decides: what a stuck or a failing disk does cannot be had from a real one.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};

use opero_core::sync::lock;

use super::super::{Change, Engine, Fault, Id, KeyspaceId, Scan, Totals, Tuning};

/// What is on the disk of one engine, and how that disk is.
#[derive(Debug, Default)]
pub(super) struct Disk {
    records: Mutex<BTreeMap<Id, Vec<u8>>>,
    totals: Mutex<BTreeMap<u128, Totals>>,
    /// It answers nothing until it is let go.
    stuck: Mutex<bool>,
    let_go: Condvar,
    pub(super) damaged: AtomicBool,
    pub(super) commits: AtomicU64,
}

impl Disk {
    /// The disk of the engine in a directory.
    pub(super) fn of(directory: &Path) -> Arc<Self> {
        static DISKS: LazyLock<Mutex<HashMap<PathBuf, Arc<Disk>>>> = LazyLock::new(Mutex::default);
        let directory = directory.canonicalize().unwrap();
        Arc::clone(lock(&DISKS).entry(directory).or_default())
    }

    pub(super) fn stick(&self, stuck: bool) {
        *lock(&self.stuck) = stuck;
        self.let_go.notify_all();
    }

    fn answer(&self) -> Result<(), Fault> {
        let stuck = lock(&self.stuck);
        drop(self.let_go.wait_while(stuck, |stuck| *stuck).unwrap());
        match self.damaged.load(Ordering::SeqCst) {
            true => Err(Fault::Damaged("it was to be".to_owned())),
            false => Ok(()),
        }
    }
}

#[derive(Debug)]
pub(super) struct Moody(pub(super) Arc<Disk>);

impl Engine for Moody {
    const SCHEME: &'static str = "moody";
    const NAME: &'static str = "cache.moody";
    const CHUNK: usize = 1 << 16;
    const READS_ON: bool = true;

    type Value = Vec<u8>;

    fn open(path: &Path, _: &Tuning) -> Result<Self, Fault> {
        let disk = Disk::of(path.parent().unwrap());
        disk.answer()?;
        Ok(Self(disk))
    }

    fn get(&self, id: &Id) -> Result<Option<Vec<u8>>, Fault> {
        if self.0.damaged.load(Ordering::SeqCst) {
            self.0.answer()?;
        }
        Ok(lock(&self.0.records).get(id).cloned())
    }

    fn scan(&self, from: &Id, visit: &mut dyn FnMut(&Id, &[u8]) -> Scan) -> Result<(), Fault> {
        let records = lock(&self.0.records);
        let mut records = records.range(*from..);
        let _ = records.find(|(id, stored)| visit(id, stored) == Scan::Enough);
        Ok(())
    }

    fn totals(&self) -> Result<Vec<(KeyspaceId, Totals)>, Fault> {
        let totals = lock(&self.0.totals);
        let totals = totals
            .iter()
            .map(|(keyspace, totals)| (KeyspaceId(*keyspace), *totals));
        Ok(totals.collect())
    }

    fn apply(&self, changes: &[Change], totals: &[(KeyspaceId, Totals)]) -> Result<(), Fault> {
        self.0.answer()?;
        self.0.commits.fetch_add(1, Ordering::SeqCst);
        let mut records = lock(&self.0.records);
        for change in changes {
            match change.stored() {
                Some(stored) => records.insert(change.id, stored.to_vec()),
                None => records.remove(&change.id),
            };
        }
        let totals = totals
            .iter()
            .map(|(keyspace, totals)| (keyspace.0, *totals));
        lock(&self.0.totals).extend(totals);
        Ok(())
    }

    fn flush(&self) -> Result<(), Fault> {
        Ok(())
    }
}
