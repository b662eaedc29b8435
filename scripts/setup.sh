#!/usr/bin/env bash
# Make both environments when missing or outdated: .venv (the application) and .venv-rasa (Rasa).
# Each keeps a stamp of the files it was made from, so a second run costs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m[法桥]\033[0m %s\n' "$*"; }
stamp_of() { cat "$@" | sha256sum | cut -c1-16; }
fresh() { [ -x "$1/bin/python" ] && [ "$(cat "$1/.stamp" 2>/dev/null)" = "$2" ]; }

find_python311() {
  for candidate in ${APP_PYTHON:-} python3.11 python3.12 python3 \
    "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.11.*/bin/python; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 12)))' \
      >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

app_stamp=$(stamp_of pyproject.toml constraints/app.txt scripts/setup.sh)
if ! fresh .venv "$app_stamp"; then
  python311=$(find_python311) || {
    say "没有找到 Python 3.11。请安装后重试，或用 APP_PYTHON=/路径/python3.11 make setup 指定。"
    exit 1
  }
  say "第 1 步，共 2 步：安装应用环境 .venv（$python311），首次约 2–5 分钟……"
  rm -rf .venv
  "$python311" -m venv .venv
  # torch goes first: with it in place nothing below asks the index for another build of it.
  .venv/bin/pip install --quiet --disable-pip-version-check -c constraints/app.txt torch
  say "  torch 已装好，正在装其余依赖……"
  .venv/bin/pip install --quiet --disable-pip-version-check -c constraints/app.txt -e '.[dev]'
  echo "$app_stamp" > .venv/.stamp
fi

rasa_stamp=$(stamp_of constraints/rasa.txt scripts/setup.sh)
if ! fresh .venv-rasa "$rasa_stamp"; then
  python310=$(bash scripts/find-python310.sh) || {
    say "没有找到 Python 3.10（Rasa 3.6 需要它）。三种办法任选其一："
    say "  1. 系统软件包：例如 apt-get install python3.10 python3.10-venv"
    say "  2. pyenv：pyenv install 3.10"
    say "  3. uv：安装 uv 后直接重新运行，会自动下载 Python 3.10"
    say "已装在别处的，用 RASA_PYTHON=/路径/python3.10 make setup 指定。"
    exit 1
  }
  say "第 2 步，共 2 步：安装 Rasa 环境 .venv-rasa（$python310），首次约 2–4 分钟……"
  rm -rf .venv-rasa
  "$python310" -m venv .venv-rasa
  .venv-rasa/bin/pip install --quiet --disable-pip-version-check \
    -c constraints/rasa.txt 'rasa[jieba]==3.6.21'
  echo "$rasa_stamp" > .venv-rasa/.stamp
fi
say "环境已就绪。"
