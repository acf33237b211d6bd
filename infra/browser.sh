#!/bin/sh
# Makes sure that the browser tests have a Chromium; installs Debian's where there is none and we may.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    printf 'Installing chromium for the browser tests (once)\n' >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit 0
fi
printf '%s\n' "The browser tests need Chromium, and there is none." \
    "Install it (Debian: apt install chromium; Ubuntu: snap install chromium) and run make test again." >&2
exit 1
