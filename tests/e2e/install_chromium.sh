#!/bin/sh
# Debian's Chromium, for the browser tests; asks for nothing, uses sudo where we are not root.
set -eu
if ! command -v apt-get >/dev/null; then
    echo "The browser tests need a 'chromium' command; install Chromium and try again." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null
