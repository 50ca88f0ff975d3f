//! What `#[opero]` promises, one file an idea.

// Decorated functions are not `#[test]` themselves, so the lints do not see that all of this is a test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod attribute {
    mod fallback;
    mod handle;
    mod keys;
    mod local;
    mod map;
    mod names;
    mod nested;
    mod others;
    mod outlive;
    mod shapes;
    mod stable;
    mod stale;
    mod types;
    mod unasked;
    mod values;
}
