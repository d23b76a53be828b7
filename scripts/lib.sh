# What ./demo, ./test, ./package and ./uninstall share: stages, logs, and making everything that the
# repository needs. Sourced, from any folder; leaves the shell in the repository's root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
venv=$root/.venv
python=$venv/bin/python
log_folder=$root/.cache/log
export CMAKE_BUILD_PARALLEL_LEVEL=$(nproc)
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=$root/.cache/pip PIP_ROOT_USER_ACTION=ignore
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV

. scripts/progress.sh
. scripts/install.sh
. scripts/space.sh

# One of these commands at a time: they share .venv, build/ and .cache/. The lock goes with the last
# process that holds it, so also with a killed one; commands that call each other share it.
take_turns() {
  mkdir -p .cache
  [ "${EVERGPU_LOCK_HELD:-}" = "$root" ] && return
  exec 9>.cache/lock
  flock --nonblock 9 || fail "another ./demo, ./test, ./package or ./uninstall is at work here; wait for it to end"
  export EVERGPU_LOCK_HELD=$root
}
