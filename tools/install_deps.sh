#!/usr/bin/env bash
# Installs the Debian 12 packages that Weft needs, by name. Idempotent: does nothing when all are present.
# usage: install_deps.sh [serve] [test]      serve: build and run weft (default); test: also what ./test needs
set -euo pipefail

serve=(g++ cmake ninja-build ccache mold pkg-config python3 python3-pip unzip curl ca-certificates
  libboost1.81-dev libboost-json1.81-dev libssl-dev libsimdjson-dev libfmt-dev libspdlog-dev libcli11-dev
  libpcre2-dev libutf8proc-dev prometheus-cpp-dev libjs-marked)
test=(git clang-format libgtest-dev libgmock-dev libbenchmark-dev python3-venv chromium)

packages=("${serve[@]}")
for set in "$@"; do
  case $set in
    serve) ;;
    test) packages+=("${test[@]}") ;;
    *) echo "install_deps.sh: unknown set '$set' (serve, test)" >&2; exit 2 ;;
  esac
done

missing=()
for p in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null || {
  echo "install_deps.sh: this system has no apt-get. Install the counterparts of: ${missing[*]}" >&2; exit 1; }
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "install_deps.sh: needs root to install: ${missing[*]}. Run it as root or install sudo." >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
