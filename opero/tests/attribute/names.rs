//! What stores, limiters and observers know a function by: no other function is taken for it, whatever its name.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use opero::cache::backend::MemoryCache;
use opero::cache::register_cache;
use opero::opero_core::ThreadObserver;
use opero::ratelimit::{LocalLimiter, register_limiter};
use opero::{Event, opero};

/// What backends and observers were told of functions.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn tell(mechanism: &str, function: &str) {
    TOLD.lock().unwrap().push(format!("{mechanism} {function}"));
}

register_cache!("telling", |_, options| {
    tell("cache", &options.function);
    Ok(Arc::new(MemoryCache::new(options)))
});

register_limiter!("telling", |_, options| {
    tell("limit", &options.function);
    Ok(Arc::new(LocalLimiter::new(options)?))
});

macro_rules! telling {
    ($result:literal $name:ident($($input:tt)*) $($parameter:tt)*) => {
        #[opero(cache_backend = "telling", cache_key = || (), rate_limit = 1000, rate_backend = "telling" $($parameter)*)]
        fn $name($($input)*) -> Result<String, opero::Error<String>> {
            Ok($result.to_owned())
        }
    };
}

struct One;
struct Two<T>(T);

impl One {
    telling!("One" asked(&self), handle = true);
}

impl<T: Send + Sync> Two<T> {
    telling!("Two" asked(&self));
}

trait Asked {
    fn asked(&self) -> Result<String, opero::Error<String>>;
}

impl Asked for u8 {
    telling!("u8" asked(&self));
}

impl Asked for One {
    telling!("Asked of One" asked(&self));
}

fn first() -> Result<String, opero::Error<String>> {
    telling!("first" inner());
    inner()
}

fn second() -> Result<String, opero::Error<String>> {
    telling!("second" inner(), handle = true);
    let _ = inner_call();
    inner()
}

#[test]
fn methods_and_inner_functions_of_one_name_are_told_apart_and_instances_are_not() {
    let observer = Arc::new(|function: &str, event: &Event<'_>| {
        if matches!(event, Event::ExecutionStarted { .. }) {
            tell("event", function);
        }
    });
    ThreadObserver::new(observer).within(|| {
        assert_eq!(One.asked().unwrap(), "One");
        assert_eq!(Two(1_u8).asked().unwrap(), "Two");
        assert_eq!(Two("a").asked().unwrap(), "Two");
        assert_eq!(1_u8.asked().unwrap(), "u8");
        assert_eq!(Asked::asked(&One).unwrap(), "Asked of One");
        assert_eq!(first().unwrap(), "first");
        assert_eq!(second().unwrap(), "second");
    });

    let module = module_path!();
    let names = [
        format!("{module}::One::asked"),
        format!("{module}::Two<_>::asked"),
        format!("<u8 as {module}::Asked>::asked"),
        format!("<{module}::One as {module}::Asked>::asked"),
        format!("{module}::first::inner"),
        format!("{module}::second::inner"),
    ];
    let mut expected: Vec<_> = ["cache", "event", "limit"]
        .iter()
        .flat_map(|mechanism| names.iter().map(move |name| format!("{mechanism} {name}")))
        .collect();
    expected.sort();
    let mut told = TOLD.lock().unwrap().clone();
    told.sort();
    told.dedup();
    assert_eq!(told, expected);
}

fn place() -> PathBuf {
    std::env::temp_dir().join(format!("opero-names-{}", std::process::id()))
}

fn disk() -> String {
    format!("disk://{}", place().display())
}

struct Left;
struct Right;

impl Left {
    #[opero(cache_backend = disk(), cache_key = |n| n, handle = true)]
    fn times(&self, n: u32) -> Result<u32, opero::Error<String>> {
        Ok(n * 2)
    }
}

impl Right {
    #[opero(cache_backend = disk(), cache_key = |n| n, handle = true)]
    fn times(&self, n: u32) -> Result<u32, opero::Error<String>> {
        Ok(n * 3)
    }
}

#[test]
fn clearing_one_method_leaves_another_of_its_name_alone() {
    assert_eq!(Left.times(1).unwrap(), 2);
    assert_eq!(Right.times(1).unwrap(), 3);
    Left::times_cache().clear_sync().unwrap();
    assert_eq!(Left.times_call(1).peek(), None);
    assert_eq!(Right.times_call(1).peek(), Some(3));
    let _ = std::fs::remove_dir_all(place());
}
