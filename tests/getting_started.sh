#!/usr/bin/env bash
# Does exactly what docs/getting-started.md says, command by command, and looks at what came of it.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
# The tests' own; to the program it would be an unknown key.
unset LATITUDE_TEST_POSTGRES

script=$(mktemp)
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' docs/getting-started.md >"$script"
commands=$(grep -c . "$script")
[ "$commands" -lt 10 ] || { echo "docs/getting-started.md needs $commands commands, not under 10" >&2; exit 1; }

rm -rf data/try
cleanup() {
  # Only what this script started: the sandbox in the background.
  kill $(jobs -p) 2>/dev/null || true
  rm -rf "$repository/data/try" "$script"
}
trap cleanup EXIT

# Each command as a reader would type it, in one shell.
printf '%s\n' "commands in docs/getting-started.md: $commands"
export LATITUDE_LOG__LEVEL=warn
out=$(mktemp)
while IFS= read -r command; do
  printf '\n$ %s\n' "$command"
  case "$command" in
    *'&')
      eval "${command%&} >sandbox.log &" ;;
    *'sync --once'*)
      eval "$command" | tee "$out" ;;
    *)
      eval "$command" ;;
  esac
done <"$script"

read -r -a head < <(grep -m1 '^connection ' "$out")
read -r -a row < <(grep -m1 '^salesforce ' "$out")
for n in "${!head[@]}"; do
  case "${head[$n]}" in
    state) [ "${row[$n]}" = ok ] || { echo "state is ${row[$n]}, not ok" >&2; exit 1; } ;;
    assessed | written) [ "${row[$n]}" -gt 0 ] || { echo "${head[$n]} is 0" >&2; exit 1; } ;;
  esac
done
rm -f "$out"
echo "the first deals are graded"
