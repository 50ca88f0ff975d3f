//! quick_cache as a user would hold it. It has no time to live, so it does less than the others.

use quick_cache::sync::Cache;

use crate::workload::{Args, CAPACITY, profile};

pub(crate) struct Quick(Cache<Args, String>);

impl Quick {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    pub(crate) fn call(&self, args: &Args) -> String {
        if let Some(value) = self.0.get(args) {
            return value;
        }
        let value = profile(&args.0, args.1);
        self.0.insert(args.clone(), value.clone());
        value
    }
}
