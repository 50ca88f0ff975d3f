//! The command line: `[PROMPTS_FILE] [--json] [--seed N]`.

use std::path::PathBuf;

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Options {
    file: PathBuf,
    pub(crate) json: bool,
    pub(crate) seed: u64,
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
        const USAGE: &str = "usage: batch [PROMPTS_FILE] [--json] [--seed N]";
        let mut file = None;
        let (mut json, mut seed) = (false, 1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--json" => json = true,
                "--seed" => {
                    let number = args.next().and_then(|text| text.parse().ok());
                    seed = number.ok_or("--seed takes a whole number")?;
                }
                "--help" | "-h" => return Err(USAGE.into()),
                flag if flag.starts_with('-') => return Err(format!("no option {flag}\n{USAGE}")),
                _ if file.is_some() => return Err(format!("one file at a time\n{USAGE}")),
                path => file = Some(PathBuf::from(path)),
            }
        }
        // The file beside this example, wherever the command is run from.
        let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/prompts.txt");
        Ok(Self {
            file: file.unwrap_or_else(|| ours.into()),
            json,
            seed,
        })
    }
}
