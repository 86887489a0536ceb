# shellcheck shell=bash
# What a job costs, against an older revision: `bench quick` of both, in turns.
: "${root:?source base.sh first}" "${target:?}"

# One run on a server of its own: program, file for the output.
quick_run() {
  (
    unset REDIS_URL
    private_server
    timeout 300 "$1" --commands
  ) >"$2"
}

# A figure of one run's output: name, file.
figure() {
  awk -v what="$1" '
    $1 == "add:" { add = $2 }
    $1 == "process:" { process = $2 }
    $3 == "calls" { calls += $2 }
    /^redis_cpu_us_per_job=/ { sub(/.*=/, ""); cpu = $0 }
    /^bytes_per_waiting_job=/ { sub(/.*=/, ""); bytes = $0 }
    END {
      if (what == "add") print add
      if (what == "process") print process
      if (what == "cpu") print cpu
      if (what == "bytes") print bytes
      if (what == "calls") print calls
    }' "$2"
}

# The median of a figure over the runs of one side: name, side, folder.
median() {
  local file
  for file in "$3/$2".*; do figure "$1" "$file"; done |
    sort -n | awk '{ all[NR] = $1 }
      END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'
}

# what, figure, folder, condition on the ratio `r`, that condition in words
compared() {
  local old new ratio
  old=$(median "$2" base "$3")
  new=$(median "$2" here "$3")
  if [[ ! $old || ! $new ]] || ! holds "$old > 0"; then
    fail "$1" "not measured"
    return
  fi
  ratio=$(awk "BEGIN { printf \"%.4f\", $new / $old }")
  if holds "${4//r/$ratio}"; then pass "$1" "$old before, $new now, ratio $ratio, $5"; else
    fail "$1" "$old before, $new now, ratio $ratio, $5"
  fi
}

prove_costs() {
  local work=$1 base=$2 rounds=$3 round
  local old=$work/base-target/release/quick new=$target/release/quick
  if ! git -C "$root" rev-parse -q --verify "$base^{commit}" >/dev/null; then
    fail "costs against $base" \
      "this clone doesn't have that revision; fetch its history, or name another with --base"
    return
  fi
  say "building the benchmarks of $base and of the working tree"
  git -C "$root" worktree add -q --detach "$work/base" "$base"
  local build=(cargo build -q --release -p jobqueue-benches --bin quick)
  if ! (cd "$work/base" && CARGO_TARGET_DIR=$work/base-target "${build[@]}" >&2) ||
    ! "${build[@]}" >&2; then
    fail "costs against $base" "a benchmark doesn't compile"
    return
  fi
  mkdir "$work/runs"
  for ((round = 1; round <= rounds; round++)); do
    say "round $round of $rounds"
    if ! quick_run "$old" "$work/runs/base.$round" ||
      ! quick_run "$new" "$work/runs/here.$round"; then
      fail "costs against $base" "a run of the benchmark failed"
      return
    fi
  done
  compared "Redis CPU per job (µs)" cpu "$work/runs" 'r <= 1.05' "at most 5 % more"
  compared "adding (jobs/s)" add "$work/runs" 'r >= 0.95' "at most 5 % fewer"
  compared "processing (jobs/s)" process "$work/runs" 'r >= 0.95' "at most 5 % fewer"
  # Batches form by themselves, so calls differ a little from run to run. Since the revision that is
  # the default, an add call also notes its number, so that it is carried out once however late it
  # arrives: one command a call, and one key a producer.
  compared "commands in Redis" calls "$work/runs" 'r <= 1.03' \
    "no more, but for 1 % of chance and one an add call"
  compared "bytes per waiting job" bytes "$work/runs" 'r <= 1.005' \
    "no more, but for one key a producer"
}
