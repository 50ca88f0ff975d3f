//! No two unequal values have equal bytes in a key that outlives the process, and no equal maps have different ones.
//!
//! With `cargo install cargo-fuzz`, in `opero-cache`:
//!
//! ```sh
//! RUSTC_BOOTSTRAP=1 cargo fuzz run keys -- -max_len=256 -runs=10000000
//! ```

#![no_main]

#[path = "../../../opero-core/tests/key/subject.rs"]
mod subject;
#[path = "../../../opero-core/tests/key/tree.rs"]
mod tree;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| subject::examine(bytes));
