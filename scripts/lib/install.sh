# shellcheck shell=bash
# Installs programs that are missing.

# Installs Debian packages whose programs are missing: pairs of program and package.
install_missing() {
  local packages=()
  while (($#)); do
    command -v "$1" >/dev/null || packages+=("$2")
    shift 2
  done
  ((${#packages[@]})) || return 0
  if ! command -v apt-get >/dev/null; then
    say "missing: ${packages[*]} (Debian's names); install them with your system's package tool"
    exit 1
  fi
  local as_root=()
  [[ $(id -u) == 0 ]] || as_root=(sudo)
  say "installing ${packages[*]}"
  # The installation must not start a server: scripts start and end their own.
  {
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y "${packages[@]}"
  } >&2
}
