#!/usr/bin/env bash
# Creates the environment in $1 and installs the locked dependencies, each checked against its hash.
set -euo pipefail
venv=$1
find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])'; then
            command -v "$name"
            return
        fi
    done
}
python=$(find_python)
if [ -z "$python" ]; then
    echo 'Touchstone needs Python 3.11 or newer, and there is none.' >&2
    echo 'Install it with: apt-get install python3 python3-venv (Debian, Ubuntu) or: brew install python (macOS)' >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo 'Installing python3-venv …' >&2
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo 'This Python cannot make environments. Install that with: sudo apt-get install python3-venv' >&2
        exit 1
    fi
fi
echo "Installing Touchstone's dependencies into $venv …" >&2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
