#!/usr/bin/env bash
# Checks that the objects of *_avx2.cc, *_avx512.cc and *_amx.cc hold no weak or unique symbol. The linker keeps one of all
# copies of such a symbol; were it this one, a processor without the instructions would crash in code that looks harmless.
# usage: check_isa_symbols.sh [BUILD_FOLDER]      default build-test
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build-test}

mapfile -t sources < <(git ls-files --cached --others --exclude-standard 'src/**_avx2.cc' 'src/**_avx512.cc' 'src/**_amx.cc')
faults=0
for source in "${sources[@]}"; do
  object=$(find "$build" -path "*/$source.o" -print -quit)
  if [ -z "$object" ]; then
    echo "$source: no object in $build; build first" >&2
    faults=1
  elif found=$(nm -C "$object" | grep -E '^[0-9a-f]* +[WVu] '); then
    printf '%s: %s\n' "$source" "must be static:" >&2
    printf '%s\n' "$found" >&2
    faults=1
  fi
done
echo "ISA symbols: ${#sources[@]} files"
exit $faults
