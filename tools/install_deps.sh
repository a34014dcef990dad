#!/usr/bin/env bash
# Installs the Debian 12 packages that Weft needs, by name. Idempotent: does nothing when all are present.
# usage: install_deps.sh [serve] [test]      serve: build and run weft (default); test: also what ./test needs
set -euo pipefail
. "$(dirname "$0")/progress.sh"

serve=(g++ cmake ninja-build ccache mold pkg-config python3 python3-pip python3-venv unzip curl ca-certificates
  libboost1.81-dev libboost-json1.81-dev libssl-dev libsimdjson-dev libfmt-dev libspdlog-dev libcli11-dev
  libpcre2-dev libonig-dev libutf8proc-dev prometheus-cpp-dev libjs-marked)
test=(git clang-format libgtest-dev libgmock-dev libbenchmark-dev chromium)

packages=("${serve[@]}")
for set in "$@"; do
  case $set in
    serve) ;;
    test) packages+=("${test[@]}") ;;
    *) echo "install_deps.sh: unknown set '$set' (serve, test)" >&2; exit 2 ;;
  esac
done

by_hand="Install the counterparts of these Debian 12 packages by your system's own means: ${packages[*]}"
command -v dpkg-query >/dev/null || fail "Weft's packages are listed for Debian 12, and this system has no dpkg. $by_hand"

# dpkg-query fails when it knows nothing of one of them: not a failure here.
present=" $({ dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true; } |
  sed -n 's/^installed //p' | tr '\n' ' ') "
missing=()
for package in "${packages[@]}"; do
  [[ $present == *" $package "* ]] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

. /etc/os-release
[ "${ID:-} ${VERSION_ID:-}" = "debian 12" ] ||
  fail "Weft's packages are named as in Debian 12; this is ${PRETTY_NAME:-another system}. $by_hand"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "Root is needed to install: ${missing[*]}. Run this as root, or install sudo."
  as_root=(sudo)
  sudo -v || fail "Root is needed to install: ${missing[*]}."
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "Installing packages: ${missing[*]}"
"${as_root[@]}" dpkg --configure -a >"$log" 2>&1 || true  # ends what an interrupted installation left half done
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=120 update >>"$log" 2>&1 || true  # old lists may do; install will tell

# apt writes its own progress to a descriptor: "pmstatus:package:percent:text", and "dlstatus:..." while it downloads.
{
  # apt closes the status descriptor in what it starts, so it must not be 1: packages print while they are configured.
  # sudo closes all above 2, so the third one is made behind it.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive bash -c 'exec apt-get -o APT::Status-Fd=3 "$@" 3>&1' apt-get \
    -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 install -y -q --no-install-recommends "${missing[@]}" 2>&1 &&
    status=0 || status=$?
  echo "apt_exit $status" 2>/dev/null
} | {
  status=1
  while IFS= read -r line; do
    if [[ $line =~ ^(dl|pm)status:[^:]*:([0-9]+) ]]; then
      if [ "${BASH_REMATCH[1]}" = dl ]; then progress downloads "${BASH_REMATCH[2]}"; else progress packages "${BASH_REMATCH[2]}"; fi
    elif [[ $line =~ ^apt_exit\ ([0-9]+)$ ]]; then
      status=${BASH_REMATCH[1]}
    else
      printf '%s\n' "$line" >> "$log"
    fi
  done
  progress_end
  exit "$status"
} || {
  grep -E '^(E|W|Err)' "$log" | tail -n 8 >&2 || true
  fail "apt-get could not install these packages: ${missing[*]}. The lines above say why; without a network, connect and run this again."
}
