//! `#[concurrent_cached]` on `cached`'s stores that outlive the process. As in its examples, the key is a text made of the
//! arguments.

use cached::macros::concurrent_cached;

use crate::workload::{Trouble, fetch};
use crate::{scratch, server};

/// A function whose connection lives on the runtime of its first call, so each runtime needs one of its own.
// rustfmt would move the attribute further to the right each time.
#[rustfmt::skip]
macro_rules! over_redis {
    ($name:ident) => {
        #[concurrent_cached(
            map_error = |error| Trouble::from(error),
            ty = "cached::AsyncRedisCache<String, String>",
            create = {
                cached::AsyncRedisCache::builder(stringify!($name))
                    .ttl_secs(3_600)
                    .connection_string(&server::known())
                    .build()
                    .await
                    .expect("the row has talked to the server before")
            },
            key = "String",
            convert = { format!("{name}:{length}") }
        )]
        #[expect(clippy::expect_used, reason = "`create` has no room for an error")]
        pub(crate) async fn $name(name: &str, length: u64) -> Result<String, Trouble> {
            fetch(name, length)
        }
    };
}

over_redis!(redis);
over_redis!(redis_one_thread);

#[concurrent_cached(
    map_error = |error| Trouble::from(error),
    ty = "cached::RedbCache<String, String>",
    create = {
        cached::RedbCache::builder("profiles")
            .ttl_secs(3_600)
            .disk_dir(scratch::place("cached-redb"))
            .durable(false)
            .build()
            .expect("the row has made the directory before")
    },
    key = "String",
    convert = { format!("{name}:{length}") }
)]
#[expect(clippy::expect_used, reason = "`create` has no room for an error")]
pub(crate) fn redb(name: &str, length: u64) -> Result<String, Trouble> {
    fetch(name, length)
}
