#!/usr/bin/env bash
# Builds and tests a stranger's crate, which is outside the workspace and depends on opero alone.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same versions as the workspace's, so that nothing else is fetched and a stranger's build is as repeatable.
cp Cargo.lock tests/downstream/Cargo.lock
manifest=tests/downstream/Cargo.toml
target=${CARGO_TARGET_DIR:-target}/downstream

cargo test --quiet --workspace --manifest-path "$manifest" --target-dir "$target"
# What the attributes expand to must not trip the lints of the crate it lands in.
cargo clippy --quiet --workspace --all-targets --manifest-path "$manifest" --target-dir "$target" -- -D warnings
