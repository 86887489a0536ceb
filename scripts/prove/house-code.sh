# shellcheck shell=bash
# How the code reads: the tidy tests, and figures beside them.
: "${root:?source base.sh first}"

# The lines of code in Rust files: no blank lines, comments and docs, and nothing from the tests on.
# Prints a line a file, the longest first: lines, path.
code_lines() {
  # shellcheck disable=SC2016 # awk's own variables
  find "$1" -name '*.rs' -print0 | xargs -0 awk '
    FNR == 1 { tests = 0 }
    $0 == "#[cfg(test)]" { tests = 1 }
    !tests && NF && $1 !~ /^\/\// { lines[FILENAME]++ }
    END { for (file in lines) print lines[file], file }' | sort -rn
}

# Each `impl … Pump` with its lines of code, but for impls of traits.
pump_impls() {
  # shellcheck disable=SC2016 # awk's own variables
  find "$root/jobqueue/src" -name '*.rs' -print0 | xargs -0 awk '
    /^impl(<[^>]*>)? Pump[ <]/ { inside = 1; lines = 0; next }
    inside && /^}/ { print lines; inside = 0 }
    inside && NF && $1 !~ /^\/\// { lines++ }'
}

# The names that `lib.rs` re-exports at the root, each once and on a line, but for hidden ones. A
# derive macro and its trait are one name.
root_names() {
  awk '
    /^#\[doc\(hidden\)\]/ { hidden = 1; next }
    /^pub use / && !hidden { inside = 1 }
    inside { statement = statement " " $0 }
    inside && /;/ { print statement; statement = ""; inside = 0 }
    !/^#/ { hidden = 0 }' "$root/jobqueue/src/lib.rs" |
    sed -E 's/[A-Za-z0-9_]+ as //g; s/[a-z0-9_]+:://g; s/pub use//; s/[{};]//g' |
    tr ',' ' ' | tr -s ' ' '\n' | sed '/^$/d' | sort -u
}

# A check by tidy tests whose names match: what, pattern, file with the results.
by_tests() {
  local good bad
  good=$(grep -cE "^test tidy::.*($2).* ok$" "$3" || true)
  bad=$(grep -E "^test tidy::.*($2).* FAILED$" "$3" | awk '{ print $2 }' | paste -sd ' ' || true)
  if [[ $bad ]]; then
    fail "$1" "$bad"
  elif ((good)); then
    pass "$1" "$good tests"
  else
    fail "$1" "no tidy test has a name that matches $2"
  fi
}

# A question, and a pattern for its row in ARCHITECTURE.md: there is one row, and it names one file.
answered() {
  local rows files file
  rows=$(grep -E '^\|' "$root/ARCHITECTURE.md" | grep -iE "$2" || true)
  if [[ $(grep -c . <<<"$rows") != 1 ]]; then
    fail "ARCHITECTURE.md: $1" "$(grep -c . <<<"$rows") rows"
    return
  fi
  # The targets of links, or else the paths as they are written.
  files=$(grep -oE '\]\([^)#]+' <<<"$rows" | cut -c3- || true)
  [[ $files ]] || files=$(grep -oE '[A-Za-z0-9_./-]+\.(rs|lua)' <<<"$rows" || true)
  files=$(sort -u <<<"$files")
  file=$files
  [[ -f $root/$file ]] || file=jobqueue/src/$files
  if [[ $files && $(wc -l <<<"$files") == 1 && -f $root/$file ]]; then
    pass "ARCHITECTURE.md: $1" "$file"
  else
    fail "ARCHITECTURE.md: $1" "names ${files//$'\n'/, }: one file that exists is expected"
  fi
}

prove_code() {
  local results=$1/tidy longest impls names
  say "running the tidy tests"
  cargo test -p jobqueue-tests --test it tidy >"$results" 2>&1 || true
  by_tests "all tidy tests" . "$results"
  by_tests "no circle among the library's files" 'circle.*file|file.*circle' "$results"
  by_tests "files are short" 'piles_up|long|lines|size' "$results"
  by_tests "structs have few fields" field "$results"
  by_tests "the pump is small" pump "$results"
  by_tests "no retired name" retired "$results"

  longest=$(code_lines "$root/jobqueue/src" | head -n 1)
  at_most "longest file, ${longest#* "$root/"}" "${longest%% *}" 300 " lines"
  impls=$(pump_impls)
  if [[ $impls ]]; then
    at_most "impl Pump" "$(wc -l <<<"$impls")" 1 " blocks"
    impls=$(awk '{ sum += $1 } END { print sum }' <<<"$impls")
    at_most "impl Pump, all blocks" "$impls" 120 " lines"
  else
    fail "impl Pump" "there is none"
  fi
  names=$(root_names)
  at_most "names at the root of the crate" "$(grep -c . <<<"$names")" 35 ""

  answered "where is a dead letter attached" 'dead letter.*attach|attach.*dead letter'
  answered "what happens when nothing is due" 'nothing (is )?due'
  answered "who decides whether to retry" 'decides.*retr(y|ies)'
  answered "where does a queue's key text stand" 'key.*text|text.*key'
  answered "who sends an event" '(sends|sent).*event|event.*(sends|sent)'
}
