//! A function is asked for no more than its parameters need: worker processes and records are Cargo features that any crate of a
//! program may switch on, and these functions are none of theirs.

use std::borrow::Cow;

use opero::operomap;

type Failure = &'static str;
type Text = &'static str;

/// Bytes of certain lifetimes only.
#[derive(Debug, Clone, Copy, PartialEq, Hash, serde::Serialize, serde::Deserialize)]
struct Borrowing<'a>(&'a str);

type Lasting = Borrowing<'static>;

#[operomap(cache = false, progress = false)]
fn error(n: u32) -> Result<u32, Failure> {
    n.checked_add(1).ok_or("too many")
}

#[operomap(progress = false)]
fn cached(n: u32, text: Text) -> Result<Text, Failure> {
    match n {
        0 => Err("nothing"),
        _ => Ok(text),
    }
}

#[operomap(mode = "thread", progress = false)]
fn lasting(item: Lasting, other: &Lasting) -> Result<Lasting, Lasting> {
    match item == *other {
        true => Ok(item),
        false => Err(item),
    }
}

#[operomap(mode = "async", progress = false, workers = 2)]
async fn later(item: Cow<'static, str>, text: Text) -> Result<Option<Text>, Failure> {
    Ok((item == text).then_some(text))
}

#[test]
fn types_that_bytes_cannot_become_are_fine_where_nothing_becomes_bytes() {
    assert_eq!(error([1, 2]).try_run().unwrap(), [2, 3]);
    assert_eq!(cached([1], "text").try_run().unwrap(), ["text"]);
    let one = Borrowing("one");
    assert_eq!(lasting([one], &one).try_run().unwrap(), [one]);
    let found = later([Cow::Borrowed("text")], "text").try_run().unwrap();
    assert_eq!(found, [Some("text")]);
}
