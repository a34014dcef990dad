#!/usr/bin/env bash
# Checks that all C++ sources are formatted as .clang-format says.
# usage: check_format.sh [--fix]      --fix: format them
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(--dry-run -Werror)
if [ "${1:-}" = --fix ]; then mode=(-i); fi
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.cu' '*.cuh')
clang-format "${mode[@]}" "${files[@]}" || {
  echo "check_format.sh: tools/check_format.sh --fix formats these files." >&2
  exit 1
}
echo "format: ${#files[@]} files"
