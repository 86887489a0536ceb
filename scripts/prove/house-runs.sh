# shellcheck shell=bash
# What runs longer: all tests, the examples, the demo and the soak.
: "${root:?source base.sh first}"

# A check by a command's exit code; its last line that has the pattern is the figure: what,
# pattern, file, command…
by_command() {
  local what=$1 pattern=$2 log=$3 line
  shift 3
  say "$what"
  if "$@" >"$log" 2>&1; then
    line=$(grep -E "$pattern" "$log" | tail -n 1 || true)
    if [[ $line ]]; then pass "$what" "$line"; else fail "$what" "no line with $pattern"; fi
  else
    fail "$what" "$(tail -n 1 "$log")"
  fi
}

all_tests() {
  JOBQUEUE_LUACHECK=1 JOBQUEUE_FAKETIME=1 JOBQUEUE_BROWSER=1 cargo test --workspace --all-features &&
    echo "tests have passed"
}

all_examples() {
  "$root/dev" examples && echo "$(find "$root"/examples/*/expected -name '*.txt' | wc -l) programs"
}

# The demo prints what sha256sum prints.
demo_agrees() {
  local folder=$root/jobqueue/src expected
  expected=$(cd "$folder" && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum)
  diff <(printf '%s\n' "$expected") <("$root/dev" demo "$@" "$folder") &&
    echo "$(wc -l <<<"$expected") files"
}

prove_runs() {
  local work=$1
  install_missing luacheck lua-check faketime faketime chromium chromium
  by_command "all tests" 'passed' "$work/tests" all_tests
  by_command "examples" '[0-9]+ programs' "$work/examples" all_examples
  by_command "demo" '[0-9]+ files' "$work/demo" demo_agrees
  by_command "demo, one worker killed" '[0-9]+ files' "$work/demo-kill" demo_agrees --kill
  by_command "soak" 'lost 0, duplicated 0, leaked 0' "$work/soak" "$root/dev" soak --minutes 2
}
