//! Types that a map cannot hand from thread to thread, or its cache not keep.

use std::cell::Cell;
use std::rc::Rc;

use opero::operomap;

struct Answer;

#[operomap]
fn value(n: u32) -> Result<Answer, String> {
    let _ = n;
    Ok(Answer)
}

#[operomap]
async fn value_async(n: u32) -> Answer {
    let _ = n;
    Answer
}

#[operomap(cache = false)]
fn item(item: Rc<u32>) -> u32 {
    *item
}

#[operomap(cache = false)]
fn lent(item: &Cell<u32>) -> u32 {
    item.get()
}

#[operomap(cache = false)]
fn held(n: u32) -> Rc<u32> {
    Rc::new(n)
}

#[operomap(cache = false)]
fn error(n: u32) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(n)
}

#[operomap(cache = false)]
fn shared(n: u32, counter: &Cell<u32>) -> u32 {
    counter.set(n);
    n
}

#[operomap]
fn generic<T>(item: T) -> u32 {
    drop(item);
    1
}

fn main() {}
