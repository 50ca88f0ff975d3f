//! Where redis is, as the user wrote it.

use std::fmt;
use std::time::Duration;

use opero_core::{BackendUri, ConfigError, QueryParams};
use redis::IntoConnectionInfo;

use crate::client::Redis;
use crate::cluster::Cluster;
use crate::server::{Server, Target};
use crate::tls;

/// The variable that holds the URL where the parameter only says `redis`.
const VARIABLE: &str = "OPERO_REDIS_URL";

const TIMEOUT: Duration = Duration::from_millis(250);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// A server's URL, read but not yet opened: callers with settings of their own in it take those first.
///
/// ```
/// use opero_core::BackendUri;
/// use opero_redis::Address;
///
/// let mut address = Address::of(&BackendUri::new("redis://cache.local?timeout=1s&lease=5s"), "cache_backend")?;
/// let lease = address.query_params().take_time("lease")?;
/// let redis = address.open()?;
/// # Ok::<_, opero_core::ConfigError>(())
/// ```
pub struct Address {
    uri: BackendUri,
    parameter: &'static str,
    params: QueryParams,
}

impl Address {
    /// The address that `uri` means. The plain name `redis` means the one in the variable `OPERO_REDIS_URL`, and so does
    /// a URL without a host, such as `redis://?timeout=1s`, whose settings come before the variable's. `parameter` is the
    /// one whose value it is, for messages.
    ///
    /// # Errors
    /// Where the variable is not set, or the URL cannot be read.
    pub fn of(uri: &BackendUri, parameter: &'static str) -> Result<Self, ConfigError> {
        let plain = uri.without_query();
        let plain = plain.expose();
        if matches!(
            plain.strip_suffix("://").unwrap_or(plain),
            "redis" | "valkey"
        ) {
            let Ok(url) = std::env::var(VARIABLE) else {
                return Err(ConfigError::new(
                    parameter,
                    format!(
                        "says `{}`, and the variable `{VARIABLE}` is not set",
                        uri.scheme()
                    ),
                    "set it to a URL like `redis://127.0.0.1`, or write the URL in its place",
                ));
            };
            let own = uri.query_params(parameter)?;
            let mut address = Self::read(BackendUri::new(url), VARIABLE)?;
            address.params = own.over(address.params);
            return Ok(address);
        }
        Self::read(uri.clone(), parameter)
    }

    fn read(uri: BackendUri, parameter: &'static str) -> Result<Self, ConfigError> {
        if uri.expose().contains('#') {
            let problem = "has a `#` in its URL";
            return Err(ConfigError::new(parameter, problem, "write it as `%23`"));
        }
        let params = uri.query_params(parameter)?;
        Ok(Self {
            uri,
            parameter,
            params,
        })
    }

    /// Returns the URL's query parameters, to be taken by name. [`open`](Self::open) rejects those that were not taken.
    pub const fn query_params(&mut self) -> &mut QueryParams {
        &mut self.params
    }

    /// The server there. It is not connected to before the first call; a URL that is opened twice has one connection.
    ///
    /// # Errors
    /// Where the URL or one of its settings makes no sense.
    pub fn open(mut self) -> Result<Redis, ConfigError> {
        self.prepare()?;
        let timeout = self.time("timeout", TIMEOUT)?;
        let connect_timeout = self.time("connect_timeout", CONNECT_TIMEOUT)?;
        let cluster = self.params.take("cluster", "`true` or `false`")?;
        if cluster == Some(true) && !Cluster::BUILT_IN {
            return Err(ConfigError::new(
                self.parameter,
                "wants a cluster, and that is not built in",
                "enable the Cargo feature `cluster` of opero-redis",
            ));
        }
        let mut url = self.uri.without_query().expose().to_owned();
        let mut separator = '?';
        for name in self.handed_on() {
            if let Some(value) = self.params.take_text(name) {
                url.extend([separator]);
                url.push_str(&format!("{name}={value}"));
                separator = '&';
            }
        }
        let place = self.uri.to_string();
        let parameter = self.parameter;
        self.params.finish()?;
        let wrong = |_| {
            let problem = "is not a redis URL";
            let way_out = "write `redis://user:password@host:port/database`, with `%` codes for special characters in user and password";
            ConfigError::new(parameter, problem, way_out)
        };
        let info = url.as_str().into_connection_info().map_err(wrong)?;
        let target = Target {
            url,
            connect_timeout,
            cluster: cluster.unwrap_or(false),
        };
        let server = Server::shared(target, info, place, parameter)?;
        Ok(Redis::new(server, timeout))
    }

    fn time(&mut self, name: &'static str, default: Duration) -> Result<Duration, ConfigError> {
        let time = self.params.take_time(name)?.unwrap_or(default);
        if time.is_zero() {
            let problem = format!("has a setting `{name}` of nothing");
            return Err(ConfigError::new(
                self.parameter,
                problem,
                "give it a time like `250ms`",
            ));
        }
        Ok(time)
    }

    /// The settings that redis-rs reads.
    fn handed_on(&self) -> &'static [&'static str] {
        match self.uri.scheme().contains("unix") {
            true => &["protocol", "db", "user", "pass"],
            false => &["protocol"],
        }
    }

    /// Whether TLS can be had is known now.
    fn prepare(&self) -> Result<(), ConfigError> {
        let scheme = self.uri.scheme();
        if !matches!(scheme, "rediss" | "valkeys") {
            return Ok(());
        }
        tls::prepare().map_err(|tls::Missing| {
            let problem = format!("says `{scheme}://`, and TLS is not built in");
            let way_out = "enable the Cargo feature `tls` of opero-redis";
            ConfigError::new(self.parameter, problem, way_out)
        })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.uri)
    }
}
