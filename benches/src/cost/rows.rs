//! Which programs stand beside each other. Ours is always the first.

use std::error::Error;

use super::functions::{self, GLUE, Kind, Provider};
use super::package::{Profile, Program};
use super::{Entry, Subject};
use crate::report::{BYTES, KILOBYTES, SECONDS};

use Profile::{Debug, Release};

/// The functions of a program.
const FUNCTIONS: usize = 100;
/// The functions of the smaller program that `cost/code` subtracts.
const FEW: usize = 10;

pub(super) const ROWS: [Entry; 17] = [
    ("cost/debug", SECONDS, || built(Kind::Async, Debug)),
    ("cost/edit-debug", SECONDS, edited),
    ("cost/release", SECONDS, || built(Kind::Async, Release)),
    ("cost/binary", KILOBYTES, binary),
    ("cost/code", BYTES, code),
    ("cost/types-debug", SECONDS, || built(Kind::Types, Debug)),
    ("cost/types-release", SECONDS, || {
        built(Kind::Types, Release)
    }),
    ("cost/sync-debug", SECONDS, || built(Kind::Sync, Debug)),
    ("cost/sync-release", SECONDS, || built(Kind::Sync, Release)),
    ("cost/map-debug", SECONDS, || built(Kind::Map, Debug)),
    ("cost/map-release", SECONDS, || built(Kind::Map, Release)),
    ("cost/chain", SECONDS, chain),
    ("cost/future", BYTES, future),
    ("cost/stack-debug", BYTES, || stack(Debug, "")),
    ("cost/stack-async-debug", BYTES, || stack(Debug, "-async")),
    ("cost/stack-release", BYTES, || stack(Release, "")),
    ("cost/stack-async-release", BYTES, || {
        stack(Release, "-async")
    }),
];

type Subjects = Result<Vec<Subject>, Box<dyn Error>>;

fn program(
    kind: Kind,
    provider: Provider,
    profile: Profile,
    count: usize,
) -> Result<Program, Box<dyn Error>> {
    let name = format!("{}-{count}-{}", kind.name(), provider.name());
    Program::new(&name, profile, &functions::source(kind, provider, count, 0))
}

/// Makes a subject of each provider.
fn providers(subject: impl Fn(Provider) -> Result<Subject, Box<dyn Error>>) -> Subjects {
    Provider::ALL.into_iter().map(subject).collect()
}

fn built(kind: Kind, profile: Profile) -> Subjects {
    providers(|provider| {
        let program = program(kind, provider, profile, FUNCTIONS)?;
        Ok(Subject::new(provider.name(), move || program.build_anew()))
    })
}

fn edited() -> Subjects {
    providers(|provider| {
        let program = program(Kind::Async, provider, Debug, FUNCTIONS)?;
        let mut edit = 0;
        Ok(Subject::new(provider.name(), move || {
            program.build()?;
            edit += 1;
            program.write(&functions::source(Kind::Async, provider, FUNCTIONS, edit))?;
            program.build()
        }))
    })
}

fn binary() -> Subjects {
    providers(|provider| {
        let program = program(Kind::Async, provider, Release, FUNCTIONS)?;
        Ok(Subject::new(provider.name(), move || {
            Ok(program.bytes()? / 1e3)
        }))
    })
}

/// The machine code that a function adds.
fn code() -> Subjects {
    providers(|provider| {
        let many = program(Kind::Async, provider, Release, FUNCTIONS)?;
        let few = program(Kind::Async, provider, Release, FEW)?;
        Ok(Subject::new(provider.name(), move || {
            let added = many.code_bytes()? - few.code_bytes()?;
            Ok(added / (FUNCTIONS - FEW) as f64)
        }))
    })
}

/// Functions that each call the next one, and a map over the first: long, and short.
fn chain() -> Subjects {
    let subject = |name, length: usize| {
        let mut source = include_str!("programs/chain.rs").to_owned();
        for number in 0..length {
            let body = match number + 1 {
                end if end == length => r#"Ok(format!("{a}{b}"))"#.to_owned(),
                next => format!("f{next}(a, b).await"),
            };
            source += &format!(
                r"
#[opero(cache_ttl = 60, retries = 2, rate_limit = 1000000, outside = ONCE, inside = TWICE)]
async fn f{number}(a: u64, b: &str) -> Result<String, Error<std::io::Error>> {{
    {body}
}}
"
            );
        }
        let program = Program::new(&format!("chain-{length}"), Debug, &source)?;
        Ok::<_, Box<dyn Error>>(Subject::new(name, move || program.build_anew()))
    };
    Ok(vec![subject("opero", 8)?, subject("chain of 2", 2)?])
}

/// The bytes that a function's future grows by.
fn future() -> Subjects {
    let source = format!("{}\n{GLUE}", include_str!("programs/future.rs"));
    let subject = |provider: Provider| {
        let program = Program::new("future", Release, &source)?;
        Ok::<_, Box<dyn Error>>(Subject::new(provider.name(), move || {
            let printed = program.run()?;
            Ok(figure(&printed, provider.name())? - figure(&printed, "own")?)
        }))
    };
    Ok(vec![subject(Provider::Opero)?, subject(Provider::Glue)?])
}

/// The stack of a level of a cached recursion.
fn stack(profile: Profile, suffix: &'static str) -> Subjects {
    let source = format!("{}\n{GLUE}", include_str!("programs/stack.rs"));
    providers(|provider| {
        let program = Program::new("stack", profile, &source)?;
        let line = format!("{}{suffix}", provider.name());
        Ok(Subject::new(provider.name(), move || {
            figure(&program.run()?, &line)
        }))
    })
}

/// Returns the figure that a program printed after `name`.
fn figure(printed: &str, name: &str) -> Result<f64, Box<dyn Error>> {
    let mut lines = printed.lines().filter_map(|line| line.split_once(' '));
    let (_, figure) = lines.find(|(found, _)| *found == name).ok_or("no figure")?;
    Ok(figure.parse()?)
}
