//! moka as a user would hold it: the arguments are the key, with the same capacity and time to live.

use moka::{future, sync};

use crate::workload::{Args, CAPACITY, TTL, profile};

pub(crate) struct Sync(sync::Cache<Args, String>);

impl Sync {
    pub(crate) fn new() -> Self {
        Self(
            sync::Cache::builder()
                .max_capacity(CAPACITY as u64)
                .time_to_live(TTL)
                .build(),
        )
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

pub(crate) struct Async(future::Cache<Args, String>);

impl Async {
    pub(crate) fn new() -> Self {
        Self(
            future::Cache::builder()
                .max_capacity(CAPACITY as u64)
                .time_to_live(TTL)
                .build(),
        )
    }

    pub(crate) async fn call(&self, args: &Args) -> String {
        if let Some(value) = self.0.get(args).await {
            return value;
        }
        let value = profile(&args.0, args.1);
        self.0.insert(args.clone(), value.clone()).await;
        value
    }

    /// With moka's own single-flight.
    pub(crate) async fn flight(&self, args: &Args, work: impl Future<Output = String>) -> String {
        self.0.get_with_by_ref(args, work).await
    }
}
