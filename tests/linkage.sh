#!/usr/bin/env bash
# Asserts the exact backends that a program depending on opero alone has, per feature set, in debug and in release.
#
# A linker drops what nothing mentions, and it drops more in release: a backend that is compiled and yet not there would
# show only when a user asks for it.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0

run_dev() { cargo run "$@"; }
run_release() { cargo run --config tests/linkage/release.toml "$@"; }

# expect FEATURES CACHE LIMITER MAP
expect() {
    local expected got profile
    expected="cache: $2"$'\n'"limiter: $3"$'\n'"map: $4"
    for profile in dev release; do
        got=$("run_$profile" --quiet --package opero-linkage --no-default-features --features "$1")
        if [[ $got == "$expected" ]]; then
            echo "ok: features '$1', profile $profile"
        else
            printf 'FAILED: features %s, profile %s\n--- expected\n%s\n--- got\n%s\n' \
                "'$1'" "$profile" "$expected" "$got" >&2
            failed=1
        fi
    done
}

expect "" off off off
expect facade-default memory local off
expect full "disk memory quick redb" local "async async_process process thread"
expect "full,redis" "disk memory quick redb redis rediss unix valkey valkeys" "local redis rediss unix valkey valkeys" "async async_process process thread"
expect cache none off off
expect cache-quick quick off off
expect cache-disk disk off off
expect cache-redb redb off off
expect "cache,redis" "redis rediss unix valkey valkeys" off off
expect "ratelimit,redis" off "local redis rediss unix valkey valkeys" off
expect "cache-memory,map" memory off "async thread"
expect map-process off off "async async_process process thread"
expect "ratelimit,map" off local "async thread"

exit "$failed"
