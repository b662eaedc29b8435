#!/usr/bin/env bash
# Print a working CPython 3.10 (3.8 and 3.9 serve Rasa 3.6 as well) by running each candidate, or
# exit 1: a name on the PATH may be a shim that only prints an error.
set -u

works() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(not ((3, 8) <= sys.version_info[:2] <= (3, 10)))' \
    >/dev/null 2>&1
}

for candidate in ${RASA_PYTHON:-} python3.10 \
  "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.10.*/bin/python \
  /usr/bin/python3.10 /usr/local/bin/python3.10 \
  /opt/homebrew/bin/python3.10 /usr/local/opt/python@3.10/bin/python3.10 \
  "${CONDA_PREFIX:-/nonexistent}"/envs/*/bin/python3.10 python3.9 python3.8; do
  if works "$candidate"; then
    "$candidate" -c 'import sys; print(sys.executable)'
    exit 0
  fi
done

if command -v uv >/dev/null 2>&1; then
  uv python install 3.10 >&2 || true
  found=$(uv python find --python-preference only-managed 3.10 2>/dev/null)
  if [ -n "$found" ] && works "$found"; then
    echo "$found"
    exit 0
  fi
fi
exit 1
