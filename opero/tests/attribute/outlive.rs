//! Results that outlive the process: decorated functions over a store on the disk, run by one process after another.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use opero::{Event, Pipeline, opero};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

static RUNS: AtomicU32 = AtomicU32::new(0);

fn run<T>(value: T) -> T {
    RUNS.fetch_add(1, Relaxed);
    value
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: f64,
    name: String,
}

/// No argument is `Hash`.
#[opero(cache_backend = "disk")]
fn scaled(point: &Point, factor: f64) -> Point {
    run(Point {
        x: point.x * factor,
        name: point.name.clone(),
    })
}

#[opero(cache_backend = "memory+redb")]
async fn name_of<T: Clone + Serialize + Send + Sync>(_value: T) -> String {
    run(std::any::type_name::<T>().to_owned())
}

#[derive(Clone, Serialize)]
struct Metres(f64);
#[derive(Clone, Serialize)]
struct Feet(f64);

impl Metres {
    #[opero(cache_backend = "disk")]
    fn shown(&self) -> Result<String, String> {
        run(Ok(format!("{} m", self.0)))
    }
}

impl Feet {
    #[opero(cache_backend = "disk")]
    fn shown(&self) -> Result<String, String> {
        run(Ok(format!("{} ft", self.0)))
    }
}

#[opero(cache_backend = "redb")]
fn written(value: Value) -> String {
    run(value.to_string())
}

#[opero(cache_backend = "disk")]
fn written_pair(a: Value, b: Value) -> String {
    run(format!("{a} {b}"))
}

#[opero(cache_backend = "memory+redb", cache_key = |value| value.get("n"))]
fn written_by_key(value: Value) -> String {
    run(value.to_string())
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Flag(bool),
    Text(String),
    Bytes(Vec<u8>),
}

#[opero(cache_backend = "redb")]
fn identified(id: Id) -> String {
    run(format!("{id:?}"))
}

#[opero(cache_backend = "disk")]
fn total(counts: HashMap<String, u32>) -> u32 {
    run(counts.values().sum())
}

/// Arguments that formats without tags mistake for each other.
fn call_all_alike() -> u32 {
    let values = [
        json!(1),
        json!(true),
        json!(-1),
        json!([null]),
        json!(0),
        json!(false),
        json!(""),
        json!([]),
        json!({}),
        json!(null),
        json!("a"),
        json!([97]),
        json!({"n": 1}),
        json!({"n": true}),
    ];
    for value in &values {
        assert_eq!(written(value.clone()), value.to_string());
        assert_eq!(written_pair(value.clone(), json!(1)), format!("{value} 1"));
        assert_eq!(written_pair(json!(1), value.clone()), format!("1 {value}"));
    }
    for value in &values[12..] {
        assert_eq!(written_by_key(value.clone()), value.to_string());
    }
    for id in [
        Id::Number(1),
        Id::Flag(true),
        Id::Text("a".into()),
        Id::Bytes(vec![97]),
    ] {
        assert_eq!(identified(id.clone()), format!("{id:?}"));
    }
    for _ in 0..3 {
        // Each map has seeds, and so an order, of its own.
        let counts = (0..20).map(|n| (format!("key {n}"), n)).collect();
        assert_eq!(total(counts), 190);
    }
    // `written_pair(1, 1)` comes twice.
    14 + 27 + 2 + 4 + 1
}

#[test]
fn arguments_that_look_alike_without_tags_have_their_own_results() {
    if std::env::var_os(HOME).is_some() {
        let expected = call_all_alike();
        println!("ran {} of {expected} times", RUNS.load(Relaxed));
        return;
    }
    let name = "attribute::outlive::arguments_that_look_alike_without_tags_have_their_own_results";
    let home = Directory::new("alike");
    assert!(process(name, &home.0).contains("ran 48 of 48 times"));
    assert!(process(name, &home.0).contains("ran 0 of 48 times"));
}

struct NotBytes;

#[opero(cache_backend = "disk", cache_key = |id| id, cache_stale = "1d", handle = true)]
async fn by_key(id: u64, _connection: &NotBytes) -> Vec<Option<u64>> {
    run(vec![Some(id), None])
}

#[opero::operomap(cache_backend = "redb", progress = false)]
fn squared(n: f64) -> f64 {
    run(n * n)
}

/// Every function, twice; the results are right, whichever process ran it first.
async fn call_all() {
    let point = Point {
        x: 1.5,
        name: "p".into(),
    };
    for _ in 0..2 {
        assert_eq!(
            scaled(&point, 2.0),
            Point {
                x: 3.0,
                ..point.clone()
            }
        );
        // The same bytes, of two types.
        assert_eq!(name_of(1_u8).await, "u8");
        assert_eq!(name_of(true).await, "bool");
        assert_eq!(Metres(1.0).shown().unwrap(), "1 m");
        assert_eq!(Feet(1.0).shown().unwrap(), "1 ft");
        assert_eq!(by_key(7, &NotBytes).await, [Some(7), None]);
        let squares = squared([2.0, 3.0]).run();
        assert_eq!(squares[1].as_ref().unwrap(), &9.0);
    }
}

const HOME: &str = "OPERO_TEST_OUTLIVE";

/// Runs the test `name` of this program in a process of its own, whose user has that cache directory.
fn process(name: &str, home: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(HOME, "set")
        .env("XDG_CACHE_HOME", home)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let unique = format!("opero-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(unique))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_next_process_finds_what_this_one_kept() {
    if std::env::var_os(HOME).is_some() {
        call_all().await;
        println!("ran {} times", RUNS.load(Relaxed));
        return;
    }
    let name = "attribute::outlive::the_next_process_finds_what_this_one_kept";
    let home = Directory::new("outlive");
    assert!(process(name, &home.0).contains("ran 8 times"));
    assert!(process(name, &home.0).contains("ran 0 times"));
}

fn at_run_time() -> String {
    let directory = std::env::temp_dir().join(format!("opero-at-run-time-{}", std::process::id()));
    format!("disk://{}", directory.display())
}

#[derive(Clone, Hash)]
struct Hashed(u32);

#[opero(cache_backend = at_run_time(), handle = true)]
fn kept(a: u32) -> Result<u32, opero::Error<String>> {
    run(Ok(a))
}

#[opero(cache_backend = at_run_time())]
fn rejected(a: Hashed) -> Result<u32, opero::Error<String>> {
    Ok(a.0)
}

#[opero(cache_backend = at_run_time())]
fn rejected_value(a: u32) -> Result<Hashed, opero::Error<String>> {
    Ok(Hashed(a))
}

#[test]
fn a_store_that_shows_at_run_time_takes_what_has_bytes_and_rejects_the_rest() {
    let _directory = Directory(at_run_time().split_off("disk://".len()).into());
    let calls = || (kept(1).unwrap(), kept_cache().stats().unwrap().hits);
    assert_eq!([calls(), calls()], [(1, 0), (1, 1)]);
    assert_eq!(kept_call(1).peek(), Some(1));
    kept_call(1).insert(5);
    assert_eq!(kept(1).unwrap(), 5);
    kept_call(1).invalidate().unwrap();
    assert_eq!(kept_call(1).peek(), None);

    let error = rejected(Hashed(1)).unwrap_err().to_string();
    assert!(
        error.contains("`cache_backend`") && error.contains("Serialize"),
        "{error}"
    );
    let error = rejected_value(1).map(drop).unwrap_err().to_string();
    assert!(
        error.contains("`cache_backend`") && error.contains("Serialize"),
        "{error}"
    );
}

fn nameless() -> String {
    let directory = std::env::temp_dir().join(format!("opero-nameless-{}", std::process::id()));
    format!("redb://{}", directory.display())
}

#[opero(cache_backend = nameless(), cache_key = |_f, x| *x)]
fn applied<F>(f: F, x: u32) -> Result<u32, opero::Error<String>>
where
    F: Fn(u32) -> u32 + Clone + Send + Sync + 'static,
{
    run(Ok(f(x)))
}

trait Operator: Clone + Send + Sync + 'static {
    fn go(x: u32) -> u32;
}

#[opero(cache_backend = nameless())]
fn gone<O: Operator>(x: u32) -> Result<u32, opero::Error<String>> {
    run(Ok(O::go(x)))
}

/// A type of a block's own, whose name all these types have.
macro_rules! local {
    (|$x:ident| $result:expr) => {{
        #[derive(Clone)]
        struct Local;
        impl Operator for Local {
            fn go($x: u32) -> u32 {
                $result
            }
        }
        gone::<Local>(10).unwrap()
    }};
}

#[test]
fn what_has_no_name_of_its_own_is_not_taken_for_another() {
    let _directory = Directory(nameless().split_off("redb://".len()).into());
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reasons);
    opero::observe(move |function: &str, event: &Event<'_>| {
        if let (true, Event::CacheRejected { reason, .. }) =
            (function.ends_with("::applied"), event)
        {
            told.lock().unwrap().push((*reason).to_owned());
        }
    });
    assert_eq!(applied(|x| x + 1, 10).unwrap(), 11);
    assert_eq!(applied(|x| x * 2, 10).unwrap(), 20);
    let reasons = std::mem::take(&mut *reasons.lock().unwrap());
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(
        reasons[0].starts_with("the call has no key: `")
            && reasons[0].contains("is generic over a closure"),
        "{reasons:?}"
    );
    // A function has a name.
    fn half(x: u32) -> u32 {
        x / 2
    }
    assert_eq!(applied(half, 10).unwrap(), 5);

    assert_eq!(local!(|x| x + 1), 11);
    assert_eq!(local!(|x| x * 2), 20);
}

#[test]
fn two_functions_of_one_name_are_rejected_in_one_namespace() {
    macro_rules! inner {
        (|$x:ident| $result:expr, $($namespace:tt)*) => {{
            #[opero(cache_backend = nameless(), $($namespace)*)]
            fn inner($x: u32) -> Result<u32, opero::Error<String>> {
                Ok($result)
            }
            inner(10)
        }};
    }
    let errors = [
        inner!(|x| x + 1, retries = 0).unwrap_err().to_string(),
        inner!(|x| x * 2, retries = 0).unwrap_err().to_string(),
    ];
    for error in errors {
        assert!(error.starts_with("`cache_namespace`"), "{error}");
        assert!(error.matches("outlive.rs:").count() == 2, "{error}");
    }
    assert_eq!(inner!(|x| x + 1, cache_namespace = "one").unwrap(), 11);
    assert_eq!(inner!(|x| x * 2, cache_namespace = "two").unwrap(), 20);
}

#[tokio::test]
async fn the_builder_keeps_what_call_stable_makes_bytes_of() {
    let directory = Directory::new("builder");
    let pipeline = Pipeline::<String>::builder()
        .name("tests")
        .cache_backend(format!("disk://{}", directory.0.display()))
        .retries(0)
        .build()
        .unwrap();
    let runs = AtomicU32::new(0);
    for _ in 0..2 {
        let half = pipeline.call_stable("half", &("a", 0.5), async |_| {
            runs.fetch_add(1, Relaxed);
            Ok(21.0)
        });
        assert_eq!(half.await.unwrap(), 21.0);
        // Another closure over the same arguments, in the same function.
        let third = pipeline.call_stable_sync("third", &("a", 0.5), |_| {
            runs.fetch_add(1, Relaxed);
            Ok(14.0)
        });
        assert_eq!(third.unwrap(), 14.0);
    }
    assert_eq!(runs.load(Relaxed), 2);

    let hashed = pipeline.call_sync(&"a", |_| Ok(1));
    let error = hashed.unwrap_err().to_string();
    assert!(error.contains("`call_stable`"), "{error}");
}

#[tokio::test]
async fn a_map_of_the_builder_keeps_its_items_where_they_become_bytes() {
    let directory = Directory::new("builder-map");
    let pipeline = Pipeline::<String>::builder()
        .name("tests")
        .cache_backend(format!("redb://{}", directory.0.display()))
        .retries(0)
        .build()
        .unwrap();
    let runs = AtomicU32::new(0);
    let count = |value| {
        runs.fetch_add(1, Relaxed);
        Ok(value)
    };
    for _ in 0..2 {
        // Neither items nor values are `Hash`; the items of both maps are the same.
        let doubled = pipeline.map_stable("double", [0.5, 1.5], |x, _| count(x * 2.0));
        assert_eq!(doubled.try_run().unwrap(), [1.0, 3.0]);
        let halve = async |x: f64, _| count(x / 2.0);
        let halved = pipeline.map_stable_async("halve", [0.5, 1.5], halve);
        assert_eq!(halved.try_join().await.unwrap(), [0.25, 0.75]);
    }
    assert_eq!(runs.load(Relaxed), 4);

    let hashed = pipeline.map([1], |x, _| Ok(*x)).run();
    let error = hashed[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("`cache_backend`"), "{error}");
}
