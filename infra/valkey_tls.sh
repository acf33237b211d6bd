#!/bin/sh
# Makes sure that the tests of TLS have a Valkey that was built with it (the one of the local stack is not); installs
# Debian's where there is none and we may: valkey-server, in older releases redis-server.
set -eu
for name in valkey-server redis-server; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    package=redis-server
    if apt-cache show valkey-server >/dev/null 2>&1; then package=valkey-server; fi
    printf 'Installing %s for the tests of TLS (once)\n' "$package" >&2
    # RUNLEVEL=1: only the program, no service started.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    exit 0
fi
printf '%s\n' "The tests of TLS need valkey-server or redis-server, built with TLS, and there is none." \
    "Install it (Debian: apt install valkey-server, or redis-server) and run make test-tls again." >&2
exit 1
