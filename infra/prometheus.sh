#!/bin/sh
# Makes sure that there are Prometheus, its promtool and node_exporter; installs Debian's where there are none and we
# may. What needs them says so where they are missing.
set -eu
if command -v prometheus >/dev/null 2>&1 && command -v prometheus-node-exporter >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    printf 'Installing prometheus (once)\n' >&2
    apt-get update -qq
    # RUNLEVEL=1: only the programs, no services started.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends prometheus prometheus-node-exporter >/dev/null
    exit 0
fi
printf '%s\n' "There is no Prometheus: its rules go unchecked. Debian: apt install prometheus" >&2
