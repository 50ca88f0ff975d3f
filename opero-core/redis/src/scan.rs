//! Going through keys a batch at a time.

use redis::cmd;

use crate::client::Redis;
use crate::error::Error;

/// How many keys the server looks at for one batch: about a millisecond of its time.
const BATCH: usize = 1_000;

/// Keys that match a pattern; see [`Redis::scan`].
#[derive(Debug)]
pub struct Scan {
    redis: Redis,
    pattern: String,
    /// Where the server goes on; `None` at the end.
    cursor: Option<u64>,
}

impl Scan {
    pub(crate) const fn new(redis: Redis, pattern: String) -> Self {
        Self {
            redis,
            pattern,
            cursor: Some(0),
        }
    }

    /// The next batch, which may be empty; `None` at the end.
    ///
    /// # Errors
    /// As for a [`Redis::command`].
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let Some(cursor) = self.cursor else {
            return Ok(None);
        };
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&self.pattern);
        scan.arg("COUNT").arg(BATCH);
        let (cursor, keys): (u64, Vec<Vec<u8>>) = self.redis.command(&scan).await?;
        self.cursor = (cursor != 0).then_some(cursor);
        Ok(Some(keys))
    }
}
