//! No bytes make the envelope, or the decoding of what is in it, panic, hang or allocate beyond the bound.
//!
//! With `cargo install cargo-fuzz` and a nightly compiler, in `opero-cache`, the corpus of the tests being the seed:
//!
//! ```sh
//! mkdir -p fuzz/corpus/open
//! cargo +nightly fuzz run open fuzz/corpus/open tests/envelope/corpus -- -max_len=4096 -malloc_limit_mb=16 -timeout=5
//! ```
//!
//! A stable compiler takes the same flags where `RUSTC_BOOTSTRAP=1` is set: `cargo fuzz run open …`.

#![no_main]

#[path = "../../tests/envelope/subject.rs"]
mod subject;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| subject::examine(bytes));
