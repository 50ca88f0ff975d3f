#!/usr/bin/env bash
# Tests the crates under tests/downstream as a stranger's: outside the workspace, in edition 2021, on opero alone.
set -euo pipefail
cd "$(dirname "$0")/downstream"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/../../target}/downstream"
cargo test
for crate in */Cargo.toml; do
    [ -e "$crate" ] || continue
    cargo test --manifest-path "$crate"
done
