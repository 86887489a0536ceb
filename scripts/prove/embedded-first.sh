# shellcheck shell=bash
# The README's first example on the embedded server, without any other.
: "${root:?source base.sh first}" "${target:?}" "${work:?}"

# The first block of Rust in the README, on `embedded:`.
first_example() {
  awk '/^```rust/ { inside = 1; next } /^```/ && inside { exit } inside' "$root/README.md" |
    sed 's|"redis://127.0.0.1"|"embedded:"|'
}

prove_first() {
  local what="the README's first example, by cargo run, with embedded: and no server"
  local folder=$work/first log=$work/first.log
  say "$what"
  mkdir -p "$folder/src"
  first_example >"$folder/src/main.rs"
  cat >"$folder/Cargo.toml" <<TOML
[package]
name = "first"
edition = "2024"

[workspace]

[dependencies]
jobqueue = { path = "$root/jobqueue", features = ["embedded"] }
serde = { version = "1", features = ["derive"] }
thiserror = "2"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
TOML
  if ! CARGO_TARGET_DIR=$target/first cargo build --quiet --manifest-path "$folder/Cargo.toml" \
    >"$log" 2>&1; then
    fail "$what" "$(grep -m 1 -E '^error' "$log")"
    return
  fi
  # Its job is due after five seconds, and then it goes on until it is told to end.
  env -u REDIS_URL timeout --signal=TERM 8 "$target/first/debug/first" >"$log" 2>&1 || true
  if grep -q "order 1 of user 7, attempt 1" "$log"; then
    pass "$what" "$(grep -m 1 "order 1" "$log")"
  else
    fail "$what" "$(tail -n 1 "$log")"
  fi
}
