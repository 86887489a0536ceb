# shellcheck shell=bash
# A line and a figure for each check of a proof, and a count at its end.

passed=0
failed=0

pass() {
  passed=$((passed + 1))
  printf 'ok    %s: %s\n' "$1" "$2"
}

fail() {
  failed=$((failed + 1))
  printf 'FAIL  %s: %s\n' "$1" "$2"
}

# Whether an expression of awk is true. Bash itself has no fractions.
holds() { awk "BEGIN { exit !($1) }"; }

# what, value, limit, unit
at_most() {
  local figure="${2:-nothing}$4, at most $3$4"
  if [[ $2 ]] && holds "$2 <= $3"; then pass "$1" "$figure"; else fail "$1" "$figure"; fi
}

# A program's own lines, which are counted here.
count_lines() {
  local line
  while read -r line; do
    case $line in
      "ok "*) passed=$((passed + 1)) ;;
      "FAIL "*) failed=$((failed + 1)) ;;
      *) continue ;;
    esac
    printf '%s\n' "$line"
  done
}

# The last line, and the exit code by it. A proof without checks proves nothing.
verdict() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((passed && !failed))
}
