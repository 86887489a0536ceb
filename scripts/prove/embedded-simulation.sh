# shellcheck shell=bash
# The simulation: how much it plays a minute, what it finds, and which bugs.
: "${root:?source base.sh first}" "${target:?}" "${work:?}" "${seeds:?}"

# Runs a minute that are asked for, on one core.
runs_a_minute=1000

# By how many seeds a bug must be found that was put in on purpose.
seeds_for_a_bug=1000

prove_simulation() {
  local what="simulated runs of 100 jobs with faults" log=$work/simulation part failures="" rate line
  say "$what"
  cargo build --quiet --profile simulation -p jobqueue-simulation >&2
  # In four parts: other programs slow some of them down.
  for part in 0 1 2 3; do
    "$target/simulation/simulate" --keep-going \
      --seeds "$((part * seeds / 4))..$(((part + 1) * seeds / 4))" >>"$log" || failures=yes
  done
  if [[ ! $failures ]]; then
    pass "$what" "$(sed -nE 's/^([0-9]+) passed, 0 failed$/\1/p' "$log" | paste -s -d +) passed, 0 failed"
  else
    fail "$what" "$(grep -m 1 -A 1 'failed:$' "$log" | tr '\n' ' ')"
  fi
  rate=$(sed -nE 's/.*: ([0-9]+) a minute$/\1/p' "$log" | sort -n | tail -n 1)
  what="simulated runs a minute on one core, the best of four parts"
  if holds "${rate:-0} >= $runs_a_minute"; then
    pass "$what" "$rate, at least $runs_a_minute"
  else
    fail "$what" "${rate:-nothing}, at least $runs_a_minute"
  fi
  say "bugs that are put in on purpose"
  while read -r line; do
    what="a bug that is put in on purpose, ${line%%:*}"
    if [[ $line == *"found by seed"* ]]; then
      pass "$what" "${line#*: }"
    else
      fail "$what" "$line"
    fi
  done < <("$target/simulation/simulate" --mutant all --seeds "0..$seeds_for_a_bug" || true)
}
