#!/usr/bin/env bash
# Makes sure that the program `redis-server` is there. The tests start their own servers with it, on free ports; one that
# the system runs is neither used nor stopped.
set -euo pipefail

if command -v redis-server >/dev/null; then
    redis-server --version
    exit
fi

give_up() {
    printf 'redis-server is missing, and %s.\n' "$1" >&2
    echo "Install it (Debian: apt-get install redis-server; macOS: brew install redis) and run this again." >&2
    exit 1
}

command -v apt-get >/dev/null || give_up "there is no apt-get to install it with"
as_root=()
if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || give_up "only root may install it, and there is no sudo"
    sudo -n true 2>/dev/null || [[ -t 0 ]] || give_up "only root may install it, and sudo asks for a password"
    as_root=(sudo)
fi

install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
"${install[@]}" update || give_up "apt-get update failed"
"${install[@]}" install -y --no-install-recommends redis-server || give_up "apt-get install failed"
command -v redis-server >/dev/null || give_up "its package brought none"
