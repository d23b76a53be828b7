# Makes what the repository needs where it is missing: system packages, .venv, Highway's source, and
# evergpu's wheel. Each leaves a stamp when it is complete, so what is there costs nothing again.

packages_stamp=$venv/.evergpu-lock
wheel_stamp=$venv/.evergpu-wheel

# --- system packages ---

# packages_of GROUP...: their names in scripts/packages.txt
packages_of() {
  local group
  for group in "$@"; do awk -v group="$group" '$1 == group { print $2 }' scripts/packages.txt; done
}

# missing_packages GROUP...: those that dpkg does not have, one a line
missing_packages() {
  local name
  for name in $(packages_of "$@"); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || echo "$name"
  done
}

# as_root COMMAND...: with sudo where we are not root
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

can_be_root() { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }

# install_system_packages GROUP...
install_system_packages() {
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || fail "this is not Debian; install the likes of: $(echo $missing)"
  if ! can_be_root; then
    echo "Some system packages are missing, and installing them takes root. Run this, then ./$(basename "$0") again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $(echo $missing)" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  export -f as_root
  quietly apt bash -c '
    set -e
    wait_for_lock="-o DPkg::Lock::Timeout=300"
    as_root dpkg --configure -a
    as_root apt-get $wait_for_lock update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get $wait_for_lock install -y --no-install-recommends "$@"
  ' bash $missing || fail "installing system packages failed"
  missing=$(missing_packages "$@")
  [ -z "$missing" ] || fail "apt did not install: $(echo $missing)"
}

# --- Python packages ---

find_python() {
  local candidate
  for candidate in /usr/bin/python3.11 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail "Python 3.11 is needed, as Debian 12 has it (python3.11)"
}

lock_hash() { sha256sum <requirements.lock | cut -d ' ' -f 1; }

have_python_packages() {
  [ -x "$python" ] && [ "$(cat "$packages_stamp" 2>/dev/null)" = "$(lock_hash)" ]
}

install_python_packages() {
  have_python_packages && return
  # Packages that were being written when somebody interrupted are not to be trusted, nor is an
  # environment of another folder, or one with both Keras packages, which share their files.
  if [ -e "$venv/.evergpu-incomplete" ] || ! "$python" -c '' 2>/dev/null ||
    ! grep -qF "$venv" "$venv/bin/pip" || ls -d "$venv"/lib/python3*/site-packages/keras-[0-9]* >/dev/null 2>&1; then
    rm -rf "$venv"
  fi
  mkdir -p "$venv"
  touch "$venv/.evergpu-incomplete"
  rm -f "$packages_stamp" "$wheel_stamp"
  [ -x "$python" ] || quietly venv "$(find_python)" -m venv "$venv" || fail "making .venv failed"
  quietly pip "$python" -m pip install --require-hashes --no-deps --progress-bar off -r requirements.lock ||
    fail "installing Python packages failed; is the network there?"
  lock_hash >"$packages_stamp"
  rm "$venv/.evergpu-incomplete"
}

# --- evergpu itself ---

# A hash of everything that the wheel is made of.
source_hash() {
  find CMakeLists.txt VERSION LICENSE NOTICE THIRD_PARTY_NOTICES.md README.md pyproject.toml \
    scripts/fetch_highway cmake kernels python src -type f ! -name '*.pyc' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | cat - requirements.lock | sha256sum | cut -d ' ' -f 1
}

have_evergpu() {
  [ -e "$wheel_stamp" ] && [ "$(cat "$wheel_stamp")" = "$(source_hash)" ]
}

# What CMake has to know about this folder's tools, an argument a line.
cmake_definitions() {
  echo "EVERGPU_HIGHWAY_SOURCE=$root/.cache/highway"
  echo "EVERGPU_ONEDNN_ROOT=$venv"
  echo "EVERGPU_TENSORFLOW_INCLUDE=$(echo "$venv"/lib/python3*/site-packages/tensorflow/include)"
}

# build_wheel FOLDER: leaves evergpu's wheel there, as it was built
build_wheel() {
  local definition settings=()
  quietly highway scripts/fetch_highway || fail "fetching Highway's source failed"
  while IFS= read -r definition; do
    settings+=("--config-settings=cmake.define.$definition")
  done < <(cmake_definitions)
  rm -rf "$1"
  PATH=$venv/bin:$PATH quietly build "$python" -m pip wheel . --verbose --no-deps --no-build-isolation \
    --wheel-dir "$1" "${settings[@]}" || fail "building evergpu failed"
}

install_evergpu() {
  local hash
  have_evergpu && return
  hash=$(source_hash)
  build_wheel "$root/.cache/wheel"
  rm -f "$wheel_stamp"
  quietly install "$python" -m pip install --no-deps --no-index --force-reinstall "$root"/.cache/wheel/evergpu-*.whl ||
    fail "installing evergpu's wheel failed"
  echo "$hash" >"$wheel_stamp"
}
