//! The configuration of a local store, read from its URL.

use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use opero_core::{BackendError, BackendUri, ConfigError};

use super::engine::Tuning;

const PARAMETER: &str = "cache_backend";

/// As good as never, and no time is later than a clock can say.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
/// A sweep that never pauses would take a core.
const SHORTEST: Duration = Duration::from_millis(1);

#[derive(Debug, Clone)]
pub(super) struct LocalConfig {
    /// `None`: none is named, and this user has no home to keep a cache in.
    directory: Option<PathBuf>,
    scheme: String,
    pub(super) tuning: Tuning,
    /// Bytes of records at most, keys included.
    pub(super) max_bytes: u64,
    /// Time between two slices of sweeping.
    pub(super) sweep: Duration,
}

impl LocalConfig {
    /// Reads a URL; touches no disk.
    pub(super) fn new(uri: &BackendUri) -> Result<Self, ConfigError> {
        let mut params = uri.query_params(PARAMETER)?;
        let max_bytes = params.take_bytes("max_bytes")?;
        let memory = params.take_bytes("memory")?;
        let flush = params.take_time("flush")?;
        let sweep = params.take_time("sweep")?;
        params.finish()?;
        Ok(Self {
            directory: directory(uri)?,
            scheme: uri.shown_scheme().to_owned(),
            tuning: Tuning {
                flush: flush.unwrap_or(Duration::from_millis(500)).min(LONGEST),
                memory: memory.unwrap_or(64 << 20),
            },
            max_bytes: max_bytes.unwrap_or(u64::MAX),
            sweep: sweep
                .unwrap_or(Duration::from_secs(1))
                .clamp(SHORTEST, LONGEST),
        })
    }

    /// Where the database is.
    ///
    /// # Errors
    /// Where there is nowhere to keep it. That is this machine's, not the program's, so the program goes on without a cache.
    pub(super) fn directory(&self) -> Result<&Path, BackendError> {
        let problem = || {
            BackendError::new(format!(
                "no directory is named, and this user has no home directory to keep a cache in: name one, as in \
                 `{}:///var/cache/my-app`",
                self.scheme
            ))
        };
        self.directory.as_deref().ok_or_else(problem)
    }
}

fn directory(uri: &BackendUri) -> Result<Option<PathBuf>, ConfigError> {
    let uri = uri.without_query();
    let path = uri.rest();
    if path.is_empty() {
        let user = etcetera::base_strategy::choose_native_strategy();
        return Ok(user.ok().map(|user| user.cache_dir().join("opero")));
    }
    let first = path.split('/').next().unwrap_or_default();
    // A `user:password@host` must not become the name of a directory.
    let drive = cfg!(windows) && first.len() == 2 && first.ends_with(':');
    if first.contains([':', '@']) && !drive {
        return Err(ConfigError::new(
            PARAMETER,
            "names a server where a directory is meant",
            format!(
                "write `{0}:///absolute/path` or `{0}://relative/path`",
                uri.shown_scheme()
            ),
        ));
    }
    Ok(Some(PathBuf::from(path)))
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_or_relative_and_no_server() {
        let path = |text: &str| LocalConfig::new(&text.into()).map(|config| config.directory);
        let some = |path: &str| Ok(Some(path.into()));
        assert_eq!(path("disk:///var/cache/app"), some("/var/cache/app"));
        assert_eq!(path("disk://cache/app?flush=1s"), some("cache/app"));
        for text in [
            "disk://user:s3cret@host/x",
            "disk://host:99",
            "disk://s3cret@h",
        ] {
            let error = path(text).unwrap_err().to_string();
            assert!(
                error.contains("names a server") && !error.contains("s3cret"),
                "{error}"
            );
        }
        assert!(
            path("disk:///x?max_byte=1")
                .unwrap_err()
                .to_string()
                .contains("did you mean `max_bytes`?")
        );
    }

    #[test]
    fn who_has_no_home_is_told_at_the_first_use_to_name_a_directory() {
        let mut config = LocalConfig::new(&"redb".into()).unwrap();
        config.directory = None;
        let error = config.directory().unwrap_err().to_string();
        assert!(error.contains("name one, as in `redb:///"), "{error}");
    }
}
