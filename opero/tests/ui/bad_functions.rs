use opero::{opero, operomap};

#[opero]
const fn constant(a: u32) -> u32 {
    a
}

#[opero]
unsafe fn unsound(a: u32) -> u32 {
    a
}

#[opero]
extern "C" fn foreign(a: u32) -> u32 {
    a
}

#[opero]
fn exclusive(a: &mut u32) -> u32 {
    *a
}

#[opero]
fn opaque(a: u32) -> impl std::fmt::Display {
    a
}

#[opero]
fn borrowing(a: &str) -> &str {
    a
}

#[opero(attempt_timeout = 1)]
fn unstoppable(a: u32) -> Result<u32, opero::Error<String>> {
    Ok(a)
}

#[operomap(item_timeout = 1)]
fn unstoppable_item(a: u32) -> u32 {
    a
}

#[operomap(mode = "async")]
fn wrong_mode(a: u32) -> u32 {
    a
}

#[operomap(mode = "thread")]
async fn wrong_mode_async(a: u32) -> u32 {
    a
}

#[operomap]
fn no_item() -> u32 {
    1
}

struct Counter;

impl Counter {
    #[opero]
    fn exclusive(&mut self) -> u32 {
        1
    }
}

trait Declared {
    #[opero]
    fn without_body(&self) -> u32;
}

#[opero]
struct NotAFunction;

#[opero(handle = true)]
fn called_for_its_effect(a: u32) -> Result<(), String> {
    println!("{a}");
    Ok(())
}

#[opero(cache_backend = "disk")]
fn static_reference(a: u32) -> Result<&'static str, &'static str> {
    let _ = a;
    Ok("a")
}

#[opero(cache_backend = "disk")]
fn only_the_error_is_a_reference(a: u32) -> Result<u32, &'static str> {
    Ok(a)
}

fn main() {}
