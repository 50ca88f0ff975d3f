//! The package of the generated programs: one for all, so that every dependency is compiled once.
//! It stays in the target directory, so the next run compiles only what changed.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use object::{Object, ObjectSection};

use super::command;

/// The profiles of cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    Debug,
    Release,
}

/// A program of the package, built with one profile.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    profile: Profile,
    package: PathBuf,
}

impl Program {
    /// Writes its source and builds its dependencies.
    pub(super) fn new(name: &str, profile: Profile, source: &str) -> Result<Self, Box<dyn Error>> {
        let program = Self {
            name: name.to_owned(),
            profile,
            package: package()?,
        };
        program.write(source)?;
        program.cargo(NO_FUNCTION)?;
        Ok(program)
    }

    /// Replaces its source, unless it is the same.
    pub(super) fn write(&self, source: &str) -> io::Result<()> {
        write(&self.source(), source)
    }

    /// Builds it, unless it is built. Returns the processor time in seconds.
    pub(super) fn build(&self) -> Result<f64, Box<dyn Error>> {
        self.cargo(&self.name)
    }

    /// Builds it anew, without incremental data. Returns the processor time in seconds.
    pub(super) fn build_anew(&self) -> Result<f64, Box<dyn Error>> {
        self.remove_incremental()?;
        let source = File::options().append(true).open(self.source())?;
        source.set_modified(SystemTime::now())?;
        self.build()
    }

    /// Builds and runs it. Returns what it prints.
    pub(super) fn run(&self) -> Result<String, Box<dyn Error>> {
        self.build()?;
        let output = Command::new(self.executable()).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    }

    /// Builds it. Returns the bytes of its file.
    pub(super) fn bytes(&self) -> Result<f64, Box<dyn Error>> {
        self.build()?;
        Ok(fs::metadata(self.executable())?.len() as f64)
    }

    /// Builds it. Returns the bytes of its machine code.
    pub(super) fn code_bytes(&self) -> Result<f64, Box<dyn Error>> {
        self.build()?;
        let contents = fs::read(self.executable())?;
        let file = object::File::parse(contents.as_slice())?;
        let code = file.section_by_name(".text").ok_or("no machine code")?;
        Ok(code.size() as f64)
    }

    /// Removes the incremental data of earlier builds.
    fn remove_incremental(&self) -> io::Result<()> {
        let prefix = format!("{}-", self.name.replace('-', "_"));
        let directories = match fs::read_dir(self.artifacts().join("incremental")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        for entry in directories {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    fn source(&self) -> PathBuf {
        self.package.join(format!("src/bin/{}.rs", self.name))
    }

    fn artifacts(&self) -> PathBuf {
        self.package.join("target").join(match self.profile {
            Profile::Debug => "debug",
            Profile::Release => "release",
        })
    }

    fn executable(&self) -> PathBuf {
        self.artifacts().join(&self.name)
    }

    fn cargo(&self, program: &str) -> Result<f64, Box<dyn Error>> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--offline", "--quiet", "--bin", program])
            .env("CARGO_TARGET_DIR", self.package.join("target"))
            .env_remove("CARGO_INCREMENTAL")
            .current_dir(&self.package);
        if self.profile == Profile::Release {
            cargo.arg("--release");
        }
        command::run(&mut cargo, &self.package.join("stderr"))
    }
}

/// The program that is nothing but its dependencies.
const NO_FUNCTION: &str = "no-function";

/// Writes the package, with the versions of this workspace. Returns its directory.
fn package() -> Result<PathBuf, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("no target directory")?;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("no workspace")?;
    let package = target.join("cost");
    fs::create_dir_all(package.join("src/bin"))?;
    fs::copy(workspace.join("Cargo.lock"), package.join("Cargo.lock"))?;
    write(
        &package.join("Cargo.toml"),
        &manifest(&workspace.join("opero")),
    )?;
    write(
        &package.join(format!("src/bin/{NO_FUNCTION}.rs")),
        "fn main() {}\n",
    )?;
    Ok(package)
}

fn manifest(opero: &Path) -> String {
    format!(
        r#"[package]
name = "cost"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
opero = {{ path = {opero:?}, features = ["map"] }}
backon = {{ version = "1", default-features = false, features = ["std", "std-blocking-sleep", "tokio-sleep"] }}
cached = {{ version = "4", features = ["async"] }}
futures = "0.3"
governor = {{ version = "0.10", default-features = false, features = ["std", "quanta"] }}
rayon = "1"
tokio = {{ version = "1", features = ["rt", "time"] }}

[profile.release]
strip = true
"#
    )
}

/// Writes a file unless it holds the same: cargo goes by the time of the last write.
fn write(path: &Path, contents: &str) -> io::Result<()> {
    match fs::read(path) {
        Ok(found) if found == contents.as_bytes() => Ok(()),
        _ => fs::write(path, contents),
    }
}
