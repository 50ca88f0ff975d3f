//! Types of arguments and results that are easily got wrong.

use std::error::Error as StdError;
use std::fmt::Display;
use std::hash::Hash;

use opero::extend::async_trait;
use opero::opero;

type Boxed = Box<dyn StdError + Send + Sync>;

#[opero(attempt_timeout = 5, min_delay = 0)]
async fn boxed_error(text: &str) -> Result<u32, Boxed> {
    let number: u32 = text.parse()?;
    if number == 0 {
        return Err("zero".into());
    }
    Ok(number)
}

#[opero(min_delay = 0)]
async fn generic_result<T, E>(value: Option<T>, error: E) -> Result<T, E>
where
    T: Clone + Hash + Send + Sync + 'static,
    E: Clone + Hash + Send + Sync + 'static,
{
    value.ok_or(error)
}

#[opero]
async fn slices(words: &[String], maybe: Option<&str>, pair: (&str, [u8; 2])) -> usize {
    words.len() + maybe.map_or(0, str::len) + pair.0.len()
}

#[opero(cache_key = |shown| shown.to_string())]
fn dynamic(shown: &(dyn Display + Sync)) -> Option<String> {
    Some(shown.to_string())
}

#[opero]
async fn anonymous(shown: impl Display + Clone + Hash + Send + Sync) -> String {
    shown.to_string()
}

#[opero(cache = false)]
async fn unsized_and_nested<'a>(text: &'a str, nested: &'a &'a str) -> (&'a str, &'a str) {
    (text, nested)
}

#[opero]
#[must_use]
#[inline]
pub(crate) fn keeps_attributes(n: u32) -> u32 {
    n
}

#[tokio::test]
async fn results_and_arguments_of_many_types_work() {
    assert_eq!(boxed_error("1").await.unwrap(), 1);
    assert_eq!(boxed_error("0").await.unwrap_err().to_string(), "zero");
    assert!(boxed_error("x").await.is_err());
    assert_eq!(generic_result(Some(1), "e").await, Ok(1));
    assert_eq!(generic_result(None::<u32>, "e").await, Err("e"));
    assert_eq!(
        generic_result(None::<u32>, 7).await,
        Err(7),
        "another instance, another key"
    );
    assert_eq!(slices(&["a".into()], Some("bc"), ("d", [0, 1])).await, 4);
    assert_eq!(dynamic(&5).unwrap(), "5");
    assert_eq!(anonymous("x").await, "x");
    assert_eq!(unsized_and_nested("a", &"b").await, ("a", "b"));
    assert_eq!(keeps_attributes(3), 3);
}

struct Borrowing<'a> {
    name: &'a str,
}

impl<'a> Borrowing<'a> {
    #[opero(cache_key = |n| (self.name, n))]
    async fn owned(&self, n: u32) -> Result<String, String> {
        Ok(format!("{}{n}", self.name))
    }

    #[opero(cache = false)]
    async fn borrowed(&self, n: u32) -> Result<&'a str, String> {
        let _ = n;
        Ok(self.name)
    }
}

#[tokio::test]
async fn methods_of_types_that_borrow_work_in_tasks() {
    let task = tokio::spawn(async {
        let name = String::from("n");
        let client = Borrowing { name: &name };
        let borrowed = client.borrowed(1).await.unwrap();
        format!("{}{borrowed}", client.owned(1).await.unwrap())
    });
    assert_eq!(task.await.unwrap(), "n1n");
}

#[async_trait]
trait Named: Sync {
    fn name(&self) -> &str;

    #[opero(cache_key = |n| (self.name().to_owned(), n))]
    fn provided(&self, n: u32) -> String {
        format!("{}{n}", self.name())
    }

    #[opero(cache = false)]
    async fn provided_async(&self, text: &str) -> String {
        format!("{}{text}", self.name())
    }
}

impl Named for Borrowing<'_> {
    fn name(&self) -> &str {
        self.name
    }
}

#[tokio::test]
async fn provided_methods_of_traits_work() {
    let client = Borrowing { name: "n" };
    assert_eq!(client.provided(1), "n1");
    assert_eq!(client.provided_async("x").await, "nx");
}

#[derive(Clone, Hash)]
struct Builder {
    name: String,
}

impl Builder {
    /// `self` by value, in macros, nested functions and closures of the body.
    #[opero]
    fn build(mut self, suffix: String) -> String {
        struct Inner(u32);
        impl Inner {
            fn value(&self) -> u32 {
                self.0
            }
        }
        self.name.push_str(&suffix);
        let shown = || format!("{}{}", self.name, Inner(1).value());
        assert!(!self.name.is_empty(), "{}", self.name);
        shown()
    }
}

#[test]
fn self_by_value_is_renamed_everywhere_but_in_nested_items() {
    let builder = Builder { name: "n".into() };
    assert_eq!(builder.clone().build("x".into()), "nx1");
    assert_eq!(builder.build("y".into()), "ny1");
}

macro_rules! decorated {
    ($name:ident, $retries:expr, $ty:ty) => {
        #[opero(retries = $retries, min_delay = 0)]
        fn $name(n: $ty) -> Result<$ty, String> {
            Ok(n)
        }
    };
}

decorated!(from_a_macro, 2, u32);

#[test]
fn functions_out_of_macros_work() {
    assert_eq!(from_a_macro(1), Ok(1));
}

#[opero(retries = 0)]
async fn answers(n: u32) -> Result<u32, String> {
    // A variable with the function's name is no recursion.
    let answers = n + 1;
    Ok(answers)
}

#[opero]
fn diverging(n: u32) -> u32 {
    if n > 0 {
        return n;
    }
    panic!("zero");
}

#[tokio::test]
async fn odd_bodies_work() {
    assert_eq!(answers(1).await, Ok(2));
    assert_eq!(diverging(1), 1);
    assert!(
        std::panic::catch_unwind(|| diverging(0)).is_err(),
        "a panic reaches the caller"
    );
}

/// Not `Clone`.
#[derive(Debug, Hash, PartialEq)]
struct Ticket(u32);

#[opero(retries = 0)]
fn moves(ticket: Ticket, Unit(note): Unit) -> Result<(u32, String), String> {
    match ticket {
        Ticket(0) => Err("void".to_owned()),
        Ticket(number) => Ok((number + 1, note)),
    }
}

#[derive(Hash)]
struct Unit(String);

#[opero(retries = 0, attempt_timeout = 5, rate_limit = 1e6, cache = false)]
async fn moves_async(ticket: Ticket, text: String) -> Result<Ticket, opero::Error<String>> {
    tokio::task::yield_now().await;
    let _ = text;
    match ticket {
        Ticket(0) => Err("void".to_owned())?,
        ticket => Ok(ticket),
    }
}

#[opero(retries = 0)]
async fn moves_generic<T: std::hash::Hash + Send>(first: T, second: T) -> bool {
    tokio::task::yield_now().await;
    drop(first);
    size_of_val(&second) > 0
}

impl Ticket {
    #[opero(retries = 0, cache = false)]
    fn used(self) -> u32 {
        let Self(number) = self;
        number
    }
}

#[tokio::test]
async fn what_is_not_clone_moves_into_the_one_execution() {
    let unit = || Unit("n".to_owned());
    for _ in 0..2 {
        assert_eq!(moves(Ticket(0), unit()), Err("void".to_owned()));
        assert_eq!(moves(Ticket(1), unit()), Ok((2, "n".to_owned())));
        assert!(moves_async(Ticket(0), String::new()).await.is_err());
        assert_eq!(
            moves_async(Ticket(1), String::new()).await.unwrap(),
            Ticket(1)
        );
        assert!(moves_generic(Ticket(1), Ticket(2)).await);
    }
    assert_eq!(Ticket(3).used(), 3);
}
