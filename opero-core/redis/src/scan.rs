//! Going through keys a batch at a time.

use std::fmt;

use redis::{Value, cmd};

use crate::client::Redis;
use crate::error::Error;

/// How many keys the server looks at for one batch: about a millisecond of its time.
const BATCH: usize = 1_000;

/// Keys that match a pattern; see [`Redis::scan`].
pub struct Scan {
    redis: Redis,
    pattern: String,
    /// Where the current node goes on; 0 at its beginning.
    cursor: u64,
    /// The nodes to go through, by a slot of each, the current one last; `None` before the first batch.
    nodes: Option<Vec<u16>>,
}

impl Scan {
    pub(crate) const fn new(redis: Redis, pattern: String) -> Self {
        Self {
            redis,
            pattern,
            cursor: 0,
            nodes: None,
        }
    }

    /// The next batch, which may be empty; `None` at the end.
    ///
    /// # Errors
    /// As for a [`Redis::command`].
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let nodes = match &mut self.nodes {
            Some(nodes) => nodes,
            none => none.insert(nodes(&self.redis).await?),
        };
        let Some(&slot) = nodes.last() else {
            return Ok(None);
        };
        let mut scan = cmd("SCAN");
        scan.arg(self.cursor).arg("MATCH").arg(&self.pattern);
        scan.arg("COUNT").arg(BATCH);
        let (cursor, keys) = self.redis.command_at(&scan, slot).await?;
        self.cursor = cursor;
        if cursor == 0 {
            nodes.pop();
        }
        Ok(Some(keys))
    }
}

/// A slot of each node that holds keys.
async fn nodes(redis: &Redis) -> Result<Vec<u16>, Error> {
    if !redis.is_cluster() {
        return Ok(vec![0]);
    }
    let mut slots = cmd("CLUSTER");
    slots.arg("SLOTS");
    // Of each range of slots: the first, the last, the primary that has them, and its replicas.
    let ranges: Vec<Vec<Value>> = redis.command(&slots).await?;
    let mut found: Vec<(&Value, u16)> = Vec::new();
    for range in &ranges {
        let [Value::Int(first), _, Value::Array(primary), ..] = &**range else {
            continue;
        };
        // Its address, port and name: of these, the name is its own.
        let (Some(name), Ok(slot)) = (primary.get(2), u16::try_from(*first)) else {
            continue;
        };
        if found.iter().all(|(known, _)| *known != name) {
            found.push((name, slot));
        }
    }
    Ok(found.into_iter().map(|(_, slot)| slot).collect())
}

impl fmt::Debug for Scan {
    /// Without the pattern: nothing that is asked is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan({:?})", self.redis)
    }
}
