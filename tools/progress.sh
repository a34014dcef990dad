# shellcheck shell=bash disable=SC2034
# Sourced by ./quickstart, ./test and tools/install_deps.sh: headings, progress bars and failures on a terminal or in a log.
# Colours only on a terminal and without NO_COLOR; without a terminal a bar becomes one line per ten per cent.

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' red='' green='' plain=''
fi
progress_tens=-1

say() { printf '%s\n' "${bold}$*${plain}" >&2; }
fail() { printf '%s\n' "${red}$*${plain}" >&2; exit 1; }

# progress LABEL PERCENT
progress() {
  local filled=$(($2 * 30 / 100))
  if [ -t 2 ]; then
    local bar empty
    printf -v bar '%*s' "$filled" ''
    printf -v empty '%*s' $((30 - filled)) ''
    printf '\r%-10s %s%s%s%s %3d %%' "$1" "$green" "${bar// /━}" "$plain" "${empty// /─}" "$2" >&2
  elif [ $(($2 / 10)) -ne "$progress_tens" ]; then
    progress_tens=$(($2 / 10))
    printf '%s %d %%\n' "$1" "$2" >&2
  fi
}

progress_end() {
  if [ -t 2 ]; then printf '\n' >&2; fi
  progress_tens=-1
}

# ninja_with_bar LABEL LOG NINJA_ARGUMENTS...: ninja's own lines become one bar; all of them go to LOG. Ninja's exit status.
ninja_with_bar() {
  local label=$1 log=$2 line status
  shift 2
  {
    NINJA_STATUS='[%f/%t] ' ninja "$@" 2>&1 && status=0 || status=$?
    echo "ninja_exit $status" 2>/dev/null
  } | {
    : > "$log"
    status=1 drawn=''
    while IFS= read -r line; do
      if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] && $line != *"Re-checking globbed"* ]]; then
        progress "$label" $((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
        drawn=1
      elif [[ $line =~ ^ninja_exit\ ([0-9]+)$ ]]; then
        status=${BASH_REMATCH[1]}
        break
      fi
      printf '%s\n' "$line" >> "$log"
    done
    if [ -n "$drawn" ]; then progress_end; fi
    exit "$status"
  }
}

# How many compilers may run at once: one per core, and 1.5 GB of memory for each.
parallel_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo)
  if [ "$memory" -lt 1 ]; then memory=1; fi
  echo $((cores < memory ? cores : memory))
}
