#!/usr/bin/env bash
# Makes sure that the programs which the tests start are there, and installs those that are missing: redis-server, for servers
# on free ports (one that the system runs is neither used nor stopped); openssl, for their certificates; chromium, which opens the
# page of a report without a window and with a profile of its own.
set -euo pipefail

programs=(redis-server openssl chromium)

missing() {
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || printf '%s ' "$program"
    done
}

if [[ -z $(missing) ]]; then
    redis-server --version
    exit
fi

give_up() {
    printf 'There is no %s here, and %s.\n' "$(missing)" "$1" >&2
    echo "Install what is missing (Debian: apt-get install ${programs[*]}; macOS: brew install redis openssl, brew install --cask chromium)" \
        "and run this again." >&2
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
# Each program's package has its name.
read -r -a packages <<<"$(missing)"
"${install[@]}" install -y --no-install-recommends "${packages[@]}" || give_up "apt-get install failed"
[[ -z $(missing) ]] || give_up "the packages did not bring it"
