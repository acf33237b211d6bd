#!/bin/sh
# Makes sure that the tests have a PgBouncer; installs Debian's where there is none and we may.
set -eu
if command -v pgbouncer >/dev/null 2>&1 || [ -x /usr/sbin/pgbouncer ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    printf 'Installing pgbouncer for the tests (once)\n' >&2
    apt-get update -qq
    # Without its service, which would start at once and take a port.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer >/dev/null
    exit 0
fi
printf '%s\n' "The tests need PgBouncer, and there is none." \
    "Install it (Debian, Ubuntu: apt install pgbouncer) and run make test again." >&2
exit 1
