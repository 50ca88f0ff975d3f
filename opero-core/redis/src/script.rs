//! Scripts that the server runs in one piece.

use redis::{Cmd, ToRedisArgs, cmd};

/// A Lua script. The server knows it by its hash after the first time.
#[derive(Debug, Clone)]
pub struct Script {
    code: &'static str,
    hash: String,
}

impl Script {
    /// The script of that code.
    pub fn new(code: &'static str) -> Self {
        let hash = redis::Script::new(code).get_hash().to_owned();
        Self { code, hash }
    }

    pub(crate) fn by_hash(&self, keys: &[&str], arguments: impl ToRedisArgs) -> Cmd {
        let mut command = cmd("EVALSHA");
        command.arg(&self.hash).arg(keys.len()).arg(keys);
        command.arg(arguments);
        command
    }

    pub(crate) fn in_full(&self, keys: &[&str], arguments: impl ToRedisArgs) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(self.code).arg(keys.len()).arg(keys);
        command.arg(arguments);
        command
    }
}
