use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::watcher::Watcher;

/// A guard against hanging, far longer than a start takes.
const START: Duration = Duration::from_secs(30);

/// A `redis-server` of the test's own: on a free port of 127.0.0.1, keeping nothing on disk. It is killed when this is
/// dropped, and also when the test's process dies.
///
/// ```
/// let server = opero_test_servers::RedisServer::start()?;
/// assert!(server.url().starts_with("redis://127.0.0.1:"));
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    options: Vec<String>,
    directory: PathBuf,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    watcher: Option<Watcher>,
}

impl RedisServer {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// Where `redis-server` is not installed, or does not start.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// Starts one with further options, such as `["--requirepass", "secret"]`.
    ///
    /// # Errors
    /// Where `redis-server` is not installed, or does not start with these.
    pub fn start_with(options: &[&str]) -> io::Result<Self> {
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let started = Instant::now();
        loop {
            let mut server = Self {
                port: free_port()?,
                options: options.clone(),
                directory: new_directory()?,
                running: None,
            };
            match server.run() {
                Ok(()) => return Ok(server),
                // Another process may have taken the port meanwhile.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    if started.elapsed() > START {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Its URL, without user and password.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its URL with what stands before the `@`, such as `user:password` or `:password`.
    pub fn url_as(&self, user: &str) -> String {
        format!("redis://{user}@127.0.0.1:{}", self.port)
    }

    /// The port of 127.0.0.1 that it listens on, also while it is stopped.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The socket in the file system that it listens on too.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// Its process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    /// Kills it (SIGKILL) and waits until it is gone: its connections break, and new ones are rejected.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again on its port, without what it held. One that runs is killed first.
    ///
    /// # Errors
    /// Where it does not start, as after another process took its port.
    pub fn restart_empty(&mut self) -> io::Result<()> {
        self.kill();
        let started = Instant::now();
        loop {
            match self.run() {
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse && started.elapsed() < START => {}
                result => return result,
            }
        }
    }

    /// Stops it (SIGSTOP) until [`resume`](Self::resume): it accepts connections and answers nothing.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn pause(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it run on (SIGCONT).
    ///
    /// # Errors
    /// Where it does not run.
    pub fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let running = self.running.as_ref();
        let running = running.ok_or_else(|| io::Error::other("the server does not run"))?;
        Ok(kill_process(Pid::from_child(&running.child), signal)?)
    }

    fn run(&mut self) -> io::Result<()> {
        let socket = self.socket();
        let _ = std::fs::remove_file(&socket);
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--dir")
            .arg(&self.directory)
            .arg("--unixsocket")
            .arg(&socket)
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(self.directory.join("log"))?)
            .stderr(Stdio::null())
            .spawn()
            .map_err(explain)?;
        let mut running = Running {
            child,
            watcher: None,
        };
        running.watcher = Some(Watcher::of(running.child.id())?);
        self.wait_for(&mut running, &socket)?;
        self.running = Some(running);
        Ok(())
    }

    /// It opens its socket after its port, and only itself has that socket: an answer there is no stranger's.
    fn wait_for(&self, running: &mut Running, socket: &Path) -> io::Result<()> {
        let started = Instant::now();
        while !answers(socket) {
            if let Some(status) = running.child.try_wait()? {
                let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                let text = format!("redis-server ended at its start ({status}):\n{log}");
                return Err(match log.contains("Address already in use") {
                    true => io::Error::new(io::ErrorKind::AddrInUse, text),
                    false => io::Error::other(text),
                });
            }
            if started.elapsed() > START {
                return Err(io::Error::other("redis-server does not answer"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watcher = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.running = None;
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn explain(error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::NotFound {
        return error;
    }
    let way_out =
        "install redis-server (Debian: apt-get install redis-server), or run tests/run, which does";
    io::Error::new(error.kind(), way_out)
}

/// A port of 127.0.0.1 that no process uses, for what a server listens on besides.
///
/// # Errors
/// Where there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn new_directory() -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("opero-test-redis-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// Any answer will do: where a password is asked for, it is an error.
fn answers(socket: &Path) -> bool {
    let ask = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(START))?;
        stream.write_all(b"PING\r\n")?;
        stream.read(&mut [0; 64])
    };
    ask().is_ok_and(|bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_server_answers_pauses_and_goes() {
        let mut server = RedisServer::start().unwrap();
        let other = RedisServer::start_with(&["--requirepass", "secret"]).unwrap();
        assert_ne!(server.port(), other.port());
        let ask = |port| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(b"PING\r\n").unwrap();
            let mut answer = [0; 5];
            stream.read_exact(&mut answer).unwrap();
            answer
        };
        assert_eq!(&ask(server.port()), b"+PONG");
        assert_eq!(&ask(other.port()), b"-NOAU");
        server.pause().unwrap();
        server.resume().unwrap();
        assert_eq!(&ask(server.port()), b"+PONG");
        let directory = server.directory.clone();
        server.kill();
        assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
        assert!(server.pause().is_err());
        server.restart_empty().unwrap();
        assert_eq!(&ask(server.port()), b"+PONG");
        drop(server);
        assert!(!directory.exists());
    }

    #[test]
    fn a_wrong_option_is_said() {
        let error = RedisServer::start_with(&["--no-such-option", "1"]).unwrap_err();
        assert!(error.to_string().contains("ended at its start"), "{error}");
    }

    /// A child of a child would be needed to kill the test's process; the watcher is what counts.
    #[test]
    fn a_watcher_that_reads_the_end_kills() {
        let mut sleeper = Command::new("sleep").arg("1000").spawn().unwrap();
        let mut watcher = Watcher::of(sleeper.id()).unwrap();
        watcher.close();
        let status = sleeper.wait().unwrap();
        assert!(!status.success());
    }
}
