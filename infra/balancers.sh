#!/bin/sh
# Makes sure that the tests of the load balancers have HAProxy and nginx; installs Debian's where there are none and
# we may. Without them these tests are skipped.
set -eu
missing=
command -v haproxy >/dev/null 2>&1 || missing=haproxy
command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
if [ -z "$missing" ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    printf 'Installing %s for the tests of the load balancers (once)\n' "$missing" >&2
    apt-get update -qq
    # RUNLEVEL=1: only the programs, no services started.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
    exit 0
fi
printf '%s\n' "There are no load balancers ($missing): their tests will be skipped. Debian: apt install $missing" >&2
