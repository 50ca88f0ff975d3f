//! The command line.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const USAGE: &str = "usage: batch [PROMPTS_FILE] [--json] [--seed N] [--cache BACKEND] [--cache-dir DIR]

  --cache BACKEND   where answers are kept: memory (the default), disk, redb, redis (its URL from OPERO_REDIS_URL),
                    memory+redis, or any other name or URL of a backend
  --cache-dir DIR   the directory of disk or redb; the user's cache directory by default";

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Options {
    file: PathBuf,
    pub(crate) json: bool,
    pub(crate) seed: u64,
}

/// Set before the first call.
static CACHE_BACKEND: OnceLock<String> = OnceLock::new();

/// Where answers are kept. A decorated function asks once, at its first call.
pub(crate) fn cache_backend() -> String {
    let chosen = CACHE_BACKEND.get().cloned();
    chosen.unwrap_or_else(|| "memory".to_owned())
}

impl Options {
    /// The options of this process's command line, or what is wrong with it.
    pub(crate) fn from_args() -> Result<Self, String> {
        Self::parse(std::env::args().skip(1))
    }

    /// The prompts of the file, one a line.
    pub(crate) fn prompts(&self) -> Result<Vec<String>, String> {
        let file = self.file.display();
        let text =
            std::fs::read_to_string(&self.file).map_err(|error| format!("{file}: {error}"))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let prompts: Vec<_> = lines.map(str::to_owned).collect();
        if prompts.is_empty() {
            return Err(format!("{file} holds no prompt"));
        }
        Ok(prompts)
    }

    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut file = None;
        let (mut json, mut seed) = (false, 1);
        let (mut cache, mut directory) = ("memory".to_owned(), None);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--json" => json = true,
                "--seed" => {
                    let number = args.next().and_then(|text| text.parse().ok());
                    seed = number.ok_or("--seed takes a whole number")?;
                }
                "--cache" => cache = args.next().ok_or("--cache takes a backend")?,
                "--cache-dir" => {
                    directory = Some(args.next().ok_or("--cache-dir takes a directory")?);
                }
                "--help" | "-h" => return Err(USAGE.into()),
                flag if flag.starts_with('-') => return Err(format!("no option {flag}\n{USAGE}")),
                _ if file.is_some() => return Err(format!("one file at a time\n{USAGE}")),
                path => file = Some(PathBuf::from(path)),
            }
        }
        if let Some(directory) = directory {
            cache = within(&cache, Path::new(&directory))?;
        }
        CACHE_BACKEND.get_or_init(|| cache);
        // The file beside this example, wherever the command is run from.
        let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/prompts.txt");
        Ok(Self {
            file: file.unwrap_or_else(|| ours.into()),
            json,
            seed,
        })
    }
}

/// A backend on the disk by the URL of its directory, `disk:///var/cache/app`; of two layers, the last one.
fn within(backend: &str, directory: &Path) -> Result<String, String> {
    if !(backend.ends_with("disk") || backend.ends_with("redb")) {
        return Err(format!("--cache-dir is for disk and redb\n{USAGE}"));
    }
    let absolute =
        std::path::absolute(directory).map_err(|error| format!("--cache-dir: {error}"))?;
    let absolute = absolute.to_str().ok_or("--cache-dir is not UTF-8")?;
    Ok(format!("{backend}://{absolute}"))
}
