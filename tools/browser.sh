#!/usr/bin/env bash
# Finds a browser for Touchstone, or installs one: Debian's where apt and root are there, else Playwright's own.
set -uo pipefail
python=$1
found() { "$python" -c 'from crawler.browser import find_browser; find_browser()' 2>/dev/null; }
driver() { "$python" -m playwright --version >/dev/null 2>&1; }
font() { ! command -v fc-list >/dev/null || [ -n "$(fc-list :lang=ko family)" ]; }
by_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
if found && driver && font; then exit 0; fi
if by_apt; then
    packages=()
    found || packages+=(chromium)
    driver || packages+=(libatomic1)
    font || packages+=(fonts-noto-cjk)
    echo "Installing ${packages[*]} …" >&2
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
elif ! found; then
    echo "Installing Playwright's Chromium …" >&2
    "$python" -m playwright install chromium >&2
fi
if ! found; then
    echo 'There is no browser, and none could be installed. Install one with one of these, then try again:' >&2
    echo "  sudo apt-get install chromium fonts-noto-cjk     (Debian)" >&2
    echo "  $python -m playwright install --with-deps chromium" >&2
    exit 1
fi
if ! driver; then
    echo "Playwright's driver does not start; it says:" >&2
    "$python" -m playwright --version >&2
    echo 'Where libatomic.so.1 is lacking: sudo apt-get install libatomic1' >&2
    exit 1
fi
font || echo 'No Korean font is installed; pages will show boxes. sudo apt-get install fonts-noto-cjk' >&2
