//! Other processes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use opero_test_servers::RedisServer;

/// A guard against hanging, far longer than anything here takes.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// Processes of the worker's program, and what they say. They are killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    workers: Vec<Worker>,
    sender: Sender<(usize, Option<String>)>,
    said: Receiver<(usize, Option<String>)>,
}

#[derive(Debug)]
struct Worker {
    child: Child,
    input: Option<ChildStdin>,
}

impl Workers {
    pub(crate) fn new() -> Self {
        let (sender, said) = mpsc::channel();
        Self {
            workers: Vec::new(),
            sender,
            said,
        }
    }

    /// Starts one more, and gives its number.
    pub(crate) fn start(&mut self, arguments: &[&str]) -> usize {
        let mut child = Command::new(env!("CARGO_BIN_EXE_opero-test-worker"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let number = self.workers.len();
        let (sender, output) = (self.sender.clone(), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send((number, Some(line)));
            }
            let _ = sender.send((number, None));
        });
        let input = child.stdin.take();
        self.workers.push(Worker { child, input });
        number
    }

    /// The next line of any of them; `None` where that one ended.
    pub(crate) fn next(&self) -> (usize, Option<String>) {
        self.said
            .recv_timeout(HANG)
            .expect("a worker says something")
    }

    /// Waits until one says `expected`, and gives its number. What others say meanwhile is lost.
    pub(crate) fn wait_for(&self, expected: &str) -> usize {
        loop {
            let (number, line) = self.next();
            match line.as_deref() {
                Some(line) if line == expected => return number,
                Some(_) => {}
                None => panic!("worker {number} ended before it said {expected:?}"),
            }
        }
    }

    /// All that they say until all have ended, and ended well.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let lines = self.last_words();
        for worker in &mut self.workers {
            assert!(worker.child.wait().unwrap().success());
        }
        lines
    }

    /// All that they say until all are gone.
    fn last_words(&self) -> Vec<String> {
        let (mut lines, mut ended) = (Vec::new(), 0);
        while ended < self.workers.len() {
            match self.next().1 {
                Some(line) => lines.push(line),
                None => ended += 1,
            }
        }
        lines
    }

    /// Gives it the line that it waits for.
    pub(crate) fn tell(&mut self, number: usize) {
        let input = self.workers[number].input.as_mut().unwrap();
        input.write_all(b"\n").unwrap();
    }

    /// Kills it (SIGKILL), and waits until it is gone.
    pub(crate) fn kill(&mut self, number: usize) {
        let child = &mut self.workers[number].child;
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.child.kill();
            let _ = worker.child.wait();
        }
    }
}

/// Runs one process until it is gone, without letting it wait, and gives what it said.
pub(crate) fn run_worker(arguments: &[&str]) -> Vec<String> {
    let mut workers = Workers::new();
    let number = workers.start(arguments);
    workers.tell(number);
    workers.last_words()
}

/// A server's URL with a timeout longer than the machine ever needs: other tests show what a process does after a timeout.
pub(crate) fn patient(server: &RedisServer) -> String {
    format!("{}?timeout=30s&connect_timeout=30s", server.url())
}
