//! What `#[opero]` promises, one file an idea.

mod attribute {
    mod fallback;
    mod handle;
    mod keys;
    mod map;
    mod shapes;
    mod types;
    mod values;
}
