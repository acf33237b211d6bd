#!/bin/sh
# Makes the environment of the project: .venv with exactly the packages of requirements.lock.
# Usage: infra/venv.sh DIRECTORY.  Does nothing where the directory was made from the same lock.
# PYTHON names the interpreter (default: the newest found that is new enough).
set -eu
venv=$1
stamp=$venv/.installed

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "Roomlog needs Python 3.11 or newer, and found none${PYTHON:+ ($PYTHON is not)}."
    say "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python),"
    say "or name one: make PYTHON=/path/to/python3 up"
    exit 1
}

make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        say "$python has no venv module. Debian, Ubuntu: apt install python$version-venv"
        exit 1
    fi
    "$python" -m venv "$venv"
}

# One line that counts, instead of one line a package.
count_packages() {
    total=$(grep -c '^[^ #].*==' requirements.lock)
    n=0
    while read -r word _; do
        if [ "$word" = Collecting ]; then
            n=$((n + 1))
            if [ -t 2 ]; then printf '\r  %d of about %d packages' "$n" "$total" >&2; fi
        fi
    done
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

install_packages() {
    log=$venv/install.log
    if ! {
        "$venv/bin/python" -m pip install --no-input --disable-pip-version-check --progress-bar off \
            --require-hashes -r requirements.lock &&
        "$venv/bin/python" -m pip install --no-input --disable-pip-version-check --no-deps \
            --no-build-isolation -e . && touch "$venv/.complete"
    } 2>&1 | tee "$log" | count_packages || [ ! -e "$venv/.complete" ]; then
        tail -n 5 "$log" >&2
        say "Installing the packages failed; all of it is in $log."
        say "The first time needs the network (about 400 MB) and 2 GB of disk; then run make again."
        exit 1
    fi
}

wanted=$(cat requirements.lock pyproject.toml | cksum)
if [ -x "$venv/bin/roomlog" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
[ -x "$venv/bin/python" ] && new_enough "$venv/bin/python" || make_venv
rm -f "$venv/.complete" "$stamp"
say "Installing the packages of requirements.lock into $venv (once, a minute or two)"
install_packages
printf '%s\n' "$wanted" >"$stamp"
