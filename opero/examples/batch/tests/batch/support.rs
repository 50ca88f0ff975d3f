//! The example as a child process, and the provider that outlives it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::provider::{Provider, Terms};

pub(super) fn example() -> Command {
    Command::new(env!("CARGO_BIN_EXE_batch"))
}

pub(super) fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// What a run that succeeds prints.
pub(super) fn output(command: &mut Command) -> String {
    let output = run(command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a run that fails says.
pub(super) fn failure(command: &mut Command) -> String {
    let output = run(command);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

pub(super) fn report(command: &mut Command) -> Value {
    serde_json::from_str(&output(command.arg("--json"))).expect("one JSON object")
}

/// A directory of the test's own, gone with it.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn of(test: &str) -> Self {
        let name = format!("opero-batch-{test}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The first `count` of the example's own prompts, as a file.
    pub(super) fn first_prompts(&self, count: usize) -> PathBuf {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts.txt");
        let all = std::fs::read_to_string(all).unwrap();
        let some: Vec<_> = all.lines().take(count).collect();
        self.prompts(&some.join("\n"))
    }

    pub(super) fn prompts(&self, lines: &str) -> PathBuf {
        let file = self.file("prompts.txt");
        std::fs::write(&file, lines).unwrap();
        file
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A provider of the test's own, and what it runs on.
pub(super) struct Serving {
    pub(super) provider: Provider,
    _runtime: Runtime,
}

impl Serving {
    /// One that fails as the example's own does, and knows no rate.
    pub(super) fn start() -> Self {
        let terms = Terms {
            period: std::time::Duration::from_micros(1),
            burst: 10_000,
            ..Terms::default()
        };
        let runtime = Runtime::new().unwrap();
        let provider = runtime.block_on(Provider::start(terms)).unwrap();
        Self {
            provider,
            _runtime: runtime,
        }
    }

    /// How many requests a prompt took so far.
    pub(super) fn requests(&self, prompt: &str) -> u64 {
        let asked = self.provider.by_prompt();
        asked.get(prompt).map_or(0, |asked| asked.requests)
    }
}
