#!/usr/bin/env bash
# Builds and tests a stranger's crate, which is outside the workspace and depends on opero alone.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same versions as the workspace's, so that nothing else is fetched and a stranger's build is as repeatable.
cp Cargo.lock tests/downstream/Cargo.lock

# Compiled by clippy, for what the attributes expand to must not trip the lints of the crate it lands in; one build gives both.
RUSTC_WORKSPACE_WRAPPER=$(command -v clippy-driver) cargo test --quiet --workspace \
    --manifest-path tests/downstream/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}"
