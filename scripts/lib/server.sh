# shellcheck shell=bash
# A Redis or Valkey server for one script.
: "${root:?source base.sh first}"
# shellcheck source=scripts/lib/install.sh
source "$root/scripts/lib/install.sh"

# The path of a server's program, if one is installed.
server_program() { command -v redis-server || command -v valkey-server; }

need_server() { server_program >/dev/null || install_missing redis-server redis-server; }

# Starts a private server, unless REDIS_URL names one, and ends only that one when the shell exits.
private_server() {
  [[ -z ${REDIS_URL:-} ]] || return 0
  need_server
  local dir program port server
  dir=$(mktemp -d)
  program=$(server_program)
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    port=$((20000 + RANDOM % 12000))
    "$program" --bind 127.0.0.1 --port "$port" --dir "$dir" --save '' --appendonly no \
      --logfile "$dir/log" --maxmemory-policy noeviction >/dev/null &
    server=$!
    # shellcheck disable=SC2064 # these are the values to end by
    trap "kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf '$dir'" EXIT
    for _ in {1..100}; do
      kill -0 "$server" 2>/dev/null || break
      if grep -q 'Ready to accept connections' "$dir/log" 2>/dev/null; then
        export REDIS_URL="redis://127.0.0.1:$port"
        return 0
      fi
      sleep 0.05
    done
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  done
  say "the private server didn't start: $(tail -n 3 "$dir/log")"
  exit 1
}
