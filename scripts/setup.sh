#!/bin/sh
# Make .venv: a locked installer, the locked libraries, then our own packages from their folders. Needs a Python 3.11+
# with venv and a package index that pip can reach. PYTHON names the Python to use. Run by `make setup`.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
started=$(date +%s)

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if new_enough "$candidate"; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
    found=$(${PYTHON:-python3} --version 2>/dev/null) || found="nothing that runs"
    stop "Python 3.11 or newer is needed; ${PYTHON:-python3} is ${found}. Install one and name it: make setup PYTHON=python3.12"
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "$python cannot make a virtual environment (no ensurepip). On Debian or Ubuntu: apt-get install python3-venv"

if ! new_enough $venv/bin/python || ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "making $venv with $("$python" --version)"
    rm -rf $venv
    "$python" -m venv $venv
fi

say "installing the locked libraries"
$venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
# uv is fast; pip knows the mirror and certificates of this machine where uv does not.
$venv/bin/uv pip install --quiet --python $venv/bin/python --compile-bytecode --require-hashes -r requirements.lock || {
    say "uv did not get through; the same with pip"
    $venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
}

set -- -e .
for project in schema packages/* tests/support; do
    if [ -f "$project/pyproject.toml" ]; then set -- "$@" -e "./$project"; fi
done
$venv/bin/uv pip install --quiet --python $venv/bin/python --no-deps --no-build-isolation --offline "$@"
say "done in $(($(date +%s) - started)) s: $(($# / 2)) projects of ours in $venv"
