use opero::{opero, operomap};

type Outcome = Result<u32, String>;
type MyResult<T> = Result<T, opero::Error<String>>;

#[operomap]
fn hidden(a: u32) -> Outcome {
    Ok(a)
}

#[operomap]
fn hidden_error(a: u32) -> MyResult<u32> {
    Ok(a)
}

#[operomap]
fn fine(a: u32) -> std::io::Result<u32> {
    Ok(a)
}

#[derive(Clone)]
struct SearchResult;

#[operomap]
fn not_one(a: u32) -> SearchResult {
    let _ = a;
    SearchResult
}

#[opero(retries = 1, handle = true)]
fn hidden_with_handle(a: u32) -> Outcome {
    Ok(a)
}

#[opero(handle = true)]
fn not_one_with_handle(a: u32) -> SearchResult {
    let _ = a;
    SearchResult
}

// The way out.
type Found = SearchResult;

#[operomap]
fn found(a: u32) -> Found {
    let _ = a;
    SearchResult
}

#[opero(handle = true)]
fn found_with_handle(a: u32) -> Found {
    let _ = a;
    SearchResult
}

#[opero]
fn without_handle(a: u32) -> SearchResult {
    let _ = a;
    SearchResult
}

fn main() {}
