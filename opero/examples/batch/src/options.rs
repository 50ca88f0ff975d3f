//! The command line.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;

const USAGE: &str = "usage: batch [PROMPTS_FILE] [OPTION…]

  --mode MODE       where requests are made: async (in this process, the default), process or async_process (in worker
                    processes)
  --workers N       requests in flight, or worker processes; 64, or one a core
  --resume FILE     record each answer in FILE, and ask only for those that are not in it yet
  --answers         print each answer as soon as it is there and recorded
  --cache BACKEND   where answers are kept: memory (the default); with the Cargo feature of the name disk, redb, or redis
                    (its URL from OPERO_REDIS_URL); memory+redis, or any other name or URL of a backend
  --cache-dir DIR   the directory of disk or redb; the user's cache directory by default
  --report FILE     write the report of the first pass as a page for the browser
  --json            print the report as JSON
  --provider URL    ask that provider, not one of this program's own
  --seed N          the fates that the provider deals out";

/// What the user asked for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) help: bool,
    file: Option<PathBuf>,
    pub(crate) mode: Option<String>,
    pub(crate) workers: Option<usize>,
    pub(crate) resume: Option<PathBuf>,
    pub(crate) answers: bool,
    pub(crate) report: Option<PathBuf>,
    pub(crate) json: bool,
    pub(crate) provider: Option<String>,
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
    pub(crate) const USAGE: &str = USAGE;

    /// The options of this process's command line, or what is wrong with it.
    pub(crate) fn from_args() -> Result<Self, String> {
        let parsed = Self::parse(std::env::args().skip(1));
        parsed.map_err(|problem| format!("{problem}; --help lists the options"))
    }

    /// The prompts of the file, one a line. A line that is no text is said and skipped: the others are worth asking.
    pub(crate) fn prompts(&self) -> Result<Vec<String>, String> {
        // The file beside this example, wherever the command is run from.
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts.txt");
        let file = self.file.as_ref().unwrap_or(&ours);
        let bytes = std::fs::read(file);
        let bytes = bytes.map_err(|error| format!("{}: {error}", file.display()))?;
        let mut prompts = Vec::new();
        for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            match std::str::from_utf8(line).map(str::trim) {
                Ok("") => {}
                Ok(prompt) => prompts.push(prompt.to_owned()),
                Err(_) => eprintln!(
                    "batch: {}: line {number} is not UTF-8 and is skipped",
                    file.display()
                ),
            }
        }
        if prompts.is_empty() {
            return Err(format!("{} holds no prompt", file.display()));
        }
        Ok(prompts)
    }

    /// A second pass shows what the cache does. With a record it would find everything there.
    pub(crate) fn passes(&self) -> usize {
        match self.resume {
            Some(_) => 1,
            None => 2,
        }
    }

    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            seed: 1,
            ..Self::default()
        };
        let (mut cache, mut directory) = ("memory".to_owned(), None);
        while let Some(arg) = args.next() {
            let mut value = |what: &str| {
                let value = args.next().filter(|value| !value.is_empty());
                value.ok_or_else(|| format!("{arg} takes {what}"))
            };
            match arg.as_str() {
                "--help" | "-h" => options.help = true,
                "--mode" => options.mode = Some(value("a mode")?),
                "--workers" => options.workers = Some(number(&arg, &value("a number")?)?),
                "--resume" => options.resume = Some(value("a file")?.into()),
                "--answers" => options.answers = true,
                "--cache" => cache = value("a backend")?,
                "--cache-dir" => directory = Some(value("a directory")?),
                "--report" => options.report = Some(value("a file")?.into()),
                "--json" => options.json = true,
                "--provider" => options.provider = Some(value("a URL")?),
                "--seed" => options.seed = number(&arg, &value("a number")?)?,
                flag if flag.starts_with('-') => return Err(format!("there is no option {flag}")),
                _ if options.file.is_some() => return Err("one file of prompts at a time".into()),
                _ => options.file = Some(arg.into()),
            }
        }
        if options.json && options.answers {
            return Err("--json prints one object, and --answers lines beside it".into());
        }
        if let Some(directory) = directory {
            cache = within(&cache, Path::new(&directory))?;
        }
        CACHE_BACKEND.get_or_init(|| cache);
        Ok(options)
    }
}

fn number<N: FromStr>(option: &str, text: &str) -> Result<N, String> {
    let number = text.parse();
    number.map_err(|_| format!("{option} takes a whole number, and {text:?} is none"))
}

/// A backend on the disk by the URL of its directory, `disk:///var/cache/app`; of two layers, the last one.
fn within(backend: &str, directory: &Path) -> Result<String, String> {
    if !(backend.ends_with("disk") || backend.ends_with("redb")) {
        return Err("--cache-dir is for --cache disk and --cache redb".into());
    }
    let absolute = std::path::absolute(directory);
    let absolute = absolute.map_err(|error| format!("--cache-dir: {error}"))?;
    let absolute = absolute.to_str().ok_or("--cache-dir is not UTF-8")?;
    Ok(format!("{backend}://{absolute}"))
}
