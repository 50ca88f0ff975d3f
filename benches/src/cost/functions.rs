//! The source of a program of many functions: decorated, glued by hand from other crates, or plain.

/// What the glued functions call.
pub(super) const GLUE: &str = include_str!("programs/glue.rs");

/// Who provides the cache, the retries and the rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Opero,
    /// `cached`, backon and governor.
    Glue,
    /// The functions alone.
    Plain,
}

impl Provider {
    pub(super) const ALL: [Self; 3] = [Self::Opero, Self::Glue, Self::Plain];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Opero => "opero",
            Self::Glue => "glued",
            Self::Plain => "plain",
        }
    }
}

/// What the functions have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Async,
    /// Async functions, each with a value and an error of its own types.
    Types,
    Sync,
    /// Over many items: every second one async, the others on threads.
    Map,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Types => "types",
            Self::Sync => "sync",
            Self::Map => "map",
        }
    }

    const fn is_async(self, number: usize) -> bool {
        match self {
            Self::Async | Self::Types => true,
            Self::Sync => false,
            Self::Map => number.is_multiple_of(2),
        }
    }
}

/// Returns a program of `count` functions that calls each of them. `edit` changes the first one.
pub(super) fn source(kind: Kind, provider: Provider, count: usize, edit: usize) -> String {
    let mut source = format!("#![allow(unused)]\n{GLUE}\nuse opero::{{opero, operomap}};\n");
    for number in 0..count {
        let edit = if number == 0 { edit } else { 0 };
        if kind == Kind::Types {
            source += &types(number);
        }
        source += &function(kind, provider, number, edit);
    }
    source + &main(kind, provider, count)
}

fn types(number: usize) -> String {
    format!(
        r#"
#[derive(Debug, Clone)]
struct V{number} {{
    text: String,
    number: u64,
}}

#[derive(Debug)]
enum E{number} {{
    Empty,
    Number(u64),
}}

impl std::fmt::Display for E{number} {{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
        match self {{
            Self::Empty => f.write_str("empty"),
            Self::Number(number) => write!(f, "{{number}}"),
        }}
    }}
}}

impl std::error::Error for E{number} {{}}
"#
    )
}

fn function(kind: Kind, provider: Provider, number: usize, edit: usize) -> String {
    let asynchronous = kind.is_async(number);
    let signature = signature(kind, number);
    let body = body(kind, number, edit);
    match provider {
        Provider::Opero => format!(
            "\n{}\n{signature} {{\n    {body}\n}}\n",
            attribute(kind, number)
        ),
        Provider::Plain => format!("\n{signature} {{\n    {body}\n}}\n"),
        Provider::Glue => {
            let key = match kind {
                Kind::Map => r#"key = "u64", convert = { a }"#,
                _ => r#"key = "(u64, String)", convert = { (a, b.to_owned()) }"#,
            };
            let (block, wait, end) = match asynchronous {
                true => ("async ", "LIMIT.until_ready().await", "await"),
                false => ("", "wait(&LIMIT)", "call()"),
            };
            format!(
                r"
#[cached(max_size = 10_000, ttl_secs = 60, {key})]
{signature} {{
    static LIMIT: Limit = Limit::new(limit);
    (|| {block}{{
        {wait};
        {body}
    }})
    .retry(backoff())
    .{end}
}}
"
            )
        }
    }
}

fn attribute(kind: Kind, number: usize) -> String {
    let settings = "cache_ttl = 60, retries = 2, rate_limit = 1000000";
    match kind {
        Kind::Map if kind.is_async(number) => format!("#[operomap(mode = \"async\", {settings})]"),
        Kind::Map => format!("#[operomap(mode = \"thread\", {settings})]"),
        _ => format!("#[opero({settings})]"),
    }
}

fn signature(kind: Kind, number: usize) -> String {
    let start = if kind.is_async(number) {
        "async fn"
    } else {
        "fn"
    };
    let parameters = if kind == Kind::Map {
        "a: u64"
    } else {
        "a: u64, b: &str"
    };
    let result = match kind {
        Kind::Types => format!("V{number}, E{number}"),
        _ => "String, std::io::Error".to_owned(),
    };
    format!("{start} f{number}({parameters}) -> Result<{result}>")
}

fn body(kind: Kind, number: usize, edit: usize) -> String {
    match kind {
        Kind::Map => format!(r#"Ok(format!("{{a}}, {number} {edit}"))"#),
        Kind::Types => {
            format!(r#"Ok(V{number} {{ text: format!("{{a}}{{b}}{number} {edit}"), number: a }})"#)
        }
        Kind::Async | Kind::Sync => format!(r#"Ok(format!("{{a}}{{b}}{number} {edit}"))"#),
    }
}

fn main(kind: Kind, provider: Provider, count: usize) -> String {
    let calls = |asynchronous: bool| -> String {
        let numbers = (0..count).filter(|number| kind.is_async(*number) == asynchronous);
        numbers
            .map(|number| format!("    ok += {};\n", call(kind, provider, number)))
            .collect()
    };
    format!(
        r#"
fn good<T, E>(results: Vec<Result<T, E>>) -> usize {{
    results.iter().filter(|result| result.is_ok()).count()
}}

fn call_sync() -> usize {{
    let mut ok = 0;
{}    ok
}}

async fn call_async() -> usize {{
    let mut ok = 0;
{}    ok
}}

fn main() -> std::io::Result<()> {{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("{{}}", call_sync() + runtime.block_on(call_async()));
    Ok(())
}}
"#,
        calls(false),
        calls(true)
    )
}

fn call(kind: Kind, provider: Provider, number: usize) -> String {
    match (kind, provider, kind.is_async(number)) {
        (Kind::Map, Provider::Opero, true) => format!("good(f{number}(0..4).await)"),
        (Kind::Map, Provider::Opero, false) => format!("good(f{number}(0..4).run())"),
        (Kind::Map, _, true) => {
            format!("good(stream::iter(0..4).map(f{number}).buffer_unordered(64).collect().await)")
        }
        (Kind::Map, _, false) => format!("good((0..4).into_par_iter().map(f{number}).collect())"),
        (_, _, true) => format!(r#"usize::from(f{number}({number}, "b").await.is_ok())"#),
        (_, _, false) => format!(r#"usize::from(f{number}({number}, "b").is_ok())"#),
    }
}
