# shellcheck shell=bash
# The integration tests on the embedded server and on Redis.
: "${root:?source base.sh first}" "${target:?source base.sh first}" "${work:=}"

# The most tests that may need a real Redis.
most_that_need_redis=30

# Runs the integration tests but for those that need a real Redis, and those that don't use the
# server: their seconds. Which program is the server: log.
seconds_of_tests() {
  local log=$1 skip=() start name
  while read -r name; do
    skip+=(--skip "$name")
  done < <(sed -E '/^#/d; s/: [^:]*$//' "$root/tests/needs-redis.txt")
  for name in engine:: luacheck programs:: tidy:: ui::; do
    skip+=(--skip "$name")
  done
  start=$EPOCHREALTIME
  cargo test --quiet --manifest-path "$root/Cargo.toml" -p jobqueue-tests --test it -- \
    "${skip[@]}" >"$log" 2>&1 || return 1
  awk "BEGIN { printf \"%.0f\", $EPOCHREALTIME - $start }"
}

prove_tests() {
  local named on_engine on_redis count
  cargo build --quiet --manifest-path "$root/Cargo.toml" -p jobqueue-tests --test it \
    --bin engine-server >&2
  named=$(grep -vc '^#' "$root/tests/needs-redis.txt")
  at_most "tests that need a real Redis" "$named" "$most_that_need_redis" ""
  say "integration tests on the embedded server"
  if ! on_engine=$(JOBQUEUE_TEST_SERVER=$target/debug/engine-server \
    seconds_of_tests "$work/on-engine"); then
    fail "integration tests on the embedded server" "$(grep 'test result' "$work/on-engine")"
    return
  fi
  count=$(sed -nE 's/.* ([0-9]+) passed.*/\1/p' "$work/on-engine")
  pass "integration tests on the embedded server" "$count passed"
  say "the same tests on Redis"
  if on_redis=$(seconds_of_tests "$work/on-redis"); then
    at_most "the same tests, seconds of those on Redis" "$on_engine" "$on_redis" " s"
  else
    fail "the same tests on Redis" "$(grep 'test result' "$work/on-redis")"
  fi
}
