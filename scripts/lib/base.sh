# shellcheck shell=bash
# What every script begins with: strict mode, the root of the repository, and a way to speak.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Where cargo puts what it builds.
target=${CARGO_TARGET_DIR:-$root/target}
export root target

say() { printf '%s\n' "$*" >&2; }

# Ends with the usage text, which stands in `dev` alone.
wrong_usage() {
  "$root/dev" help >&2
  exit 2
}
