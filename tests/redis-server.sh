#!/usr/bin/env bash
# Makes sure that the programs `redis-server` and `openssl` are there. The tests start their own servers with the one, on free
# ports, and make certificates for them with the other; a server that the system runs is neither used nor stopped.
set -euo pipefail

there() { command -v redis-server >/dev/null && command -v openssl >/dev/null; }

if there; then
    redis-server --version
    exit
fi

give_up() {
    printf 'redis-server or openssl is missing, and %s.\n' "$1" >&2
    echo "Install them (Debian: apt-get install redis-server openssl; macOS: brew install redis openssl) and run this again." >&2
    exit 1
}

command -v apt-get >/dev/null || give_up "there is no apt-get to install them with"
as_root=()
if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || give_up "only root may install them, and there is no sudo"
    sudo -n true 2>/dev/null || [[ -t 0 ]] || give_up "only root may install them, and sudo asks for a password"
    as_root=(sudo)
fi

install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
"${install[@]}" update || give_up "apt-get update failed"
"${install[@]}" install -y --no-install-recommends redis-server openssl || give_up "apt-get install failed"
there || give_up "their packages brought none"
