# shellcheck shell=bash
# What a user's first program costs to build, in CPU seconds, against a peer's.
: "${root:?source base.sh first}"

# CPU seconds of a clean debug build, user and system: target directory, crate, arguments.
build_cpu() {
  local target_dir=$1 crate=$2 TIMEFORMAT='%U %S'
  shift 2
  (
    cd "$root/benches/hello/$crate" || exit
    # Users have the library from a registry, and cargo compiles only what has a path
    # incrementally, which costs half as much again.
    export CARGO_TARGET_DIR=$target_dir CARGO_INCREMENTAL=0
    unset RUSTC_WRAPPER RUSTFLAGS
    { time cargo build -q --offline "$@" >"$target_dir.log" 2>&1; } 2>&1 || {
      cat "$target_dir.log" >&2
      exit 1
    }
  ) | awk '/^[0-9.]+ [0-9.]+$/ { printf "%.1f", $1 + $2 }'
}

# Whether a built program does what it should.
greets() {
  local said
  said=$(
    unset REDIS_URL
    private_server
    timeout 60 "$1" 2>/dev/null
  ) || return
  [[ $said == "hello, world" ]]
}

# what, ours, theirs, limit
ratio_at_most() {
  if [[ ! $2 || ! $3 ]]; then
    fail "$1" "not built"
    return
  fi
  at_most "$1 ($2 s against $3 s)" "$(awk "BEGIN { printf \"%.2f\", $2 / $3 }")" "$4" " times"
}

prove_build() {
  local work=$1/hello plain peer tls program
  mkdir "$work"
  say "fetching and building a first program, ours and the peer's"
  # The newest versions on both sides, and nothing to download while it is measured.
  (cd "$root/benches/hello/ours" && cargo update -q && cargo fetch -q) >&2
  (cd "$root/benches/hello/apalis" && cargo update -q && cargo fetch -q) >&2
  plain=$(build_cpu "$work/plain" ours) || plain=
  peer=$(build_cpu "$work/peer" apalis) || peer=
  tls=$(build_cpu "$work/tls" ours --features tls) || tls=
  ratio_at_most "CPU to build a first program, without TLS" "$plain" "$peer" 1.2
  ratio_at_most "CPU to build a first program, with TLS" "$tls" "$peer" 1.5
  for program in plain/debug/hello-ours tls/debug/hello-ours peer/debug/hello-apalis; do
    if greets "$work/$program"; then
      pass "$program runs its job" "1 job"
    else
      fail "$program runs its job" "0 jobs"
    fi
  done
}
