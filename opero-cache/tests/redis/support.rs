//! What the tests share.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use opero_cache::backend::RedisCache;
use opero_cache::{BackendUri, CacheOptions, Key};
use opero_redis::redis::{self, Cmd, FromRedisValue};

/// A guard against hanging, far longer than anything here takes.
pub(crate) const GUARD: Duration = Duration::from_secs(60);

pub(crate) const KEY: Key = Key::stable(0xabc);

/// The name of [`KEY`]'s record in [`open`]'s function.
pub(crate) const NAME: &str = "opero:shop:shop%3A%3Aprice:00000000000000000000000000000abc";

pub(crate) fn open(url: &str) -> RedisCache {
    open_for(url, "shop", "shop::price")
}

/// For what has to succeed, on a machine however busy.
pub(crate) fn open_patiently(url: &str) -> RedisCache {
    let separator = if url.contains('?') { '&' } else { '?' };
    open(&format!("{url}{separator}timeout=30s&connect_timeout=30s"))
}

pub(crate) fn open_for(url: &str, namespace: &str, function: &str) -> RedisCache {
    let options = CacheOptions::default()
        .with_namespace(namespace)
        .with_function(function);
    RedisCache::open(&BackendUri::new(url), &options).unwrap()
}

/// Asks the server over a connection of its own.
pub(crate) fn directly<T: FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut command = Cmd::new();
    command.arg(words);
    command.query(&mut connection).unwrap()
}

/// A way to a server that can be cut, while the server goes on.
pub(crate) struct Way {
    pub(crate) url: String,
    state: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    is_cut: bool,
    streams: Vec<TcpStream>,
}

impl Way {
    pub(crate) fn to(server: &str) -> Self {
        let server: SocketAddr = server.strip_prefix("redis://").unwrap().parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Open::default()));
        let open = Arc::clone(&state);
        thread::spawn(move || {
            for caller in listener.incoming() {
                let mut open = open.lock().unwrap();
                if !open.is_cut {
                    let (caller, server) = (caller.unwrap(), TcpStream::connect(server).unwrap());
                    for (from, to) in [(&caller, &server), (&server, &caller)] {
                        let (mut from, mut to) =
                            (from.try_clone().unwrap(), to.try_clone().unwrap());
                        thread::spawn(move || {
                            let _ = io::copy(&mut from, &mut to);
                            let _ = to.shutdown(Shutdown::Both);
                        });
                    }
                    open.streams.extend([caller, server]);
                }
            }
        });
        Self { url, state }
    }

    pub(crate) fn cut(&self) {
        let mut open = self.state.lock().unwrap();
        open.is_cut = true;
        for stream in open.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        self.state.lock().unwrap().is_cut = false;
    }
}
