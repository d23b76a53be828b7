# Windows on Linux: a Debian trixie in .cache/windows/debian, which has the UCRT tool chain and Wine 10
# (Debian 12's Wine does not run TensorFlow), and a Wine prefix. Sourced after scripts/lib.sh.
#
# Everything runs in a mount and process namespace of its own: what is mounted and what Wine leaves
# running ends with the command, also with an interrupted one.

windows_cache=$root/.cache/windows
debian=$windows_cache/debian
windows_python=$windows_cache/python

# in_debian [NAME=VALUE...] COMMAND...: runs it in the chroot, as root, in this folder, with this
# repository at the path it has outside, and the /usr of this machine, which has the header-only
# libraries and googletest that everything is built with, in /machine
in_debian() {
  unshare --mount --propagation private --pid --fork --kill-child bash -c '
    set -e
    debian=$1 repository=$2
    shift 2
    mkdir -p "$debian/$repository" "$debian/machine"
    mount -t proc proc "$debian/proc"
    mount -t tmpfs tmpfs "$debian/dev/shm"
    mount --bind "$repository" "$debian/$repository"
    mount --bind -o ro /usr "$debian/machine"
    exec chroot "$debian" env -i --chdir="$repository" HOME=/root PATH=/usr/bin:/bin:/usr/sbin:/sbin \
      LANG=C.UTF-8 XDG_RUNTIME_DIR=/root "$@"
  ' bash "$debian" "$root" "$@"
}

# in_windows [NAME=VALUE...] PROGRAM...: runs it under Wine, headless, without the browser and .NET
# that Wine offers
in_windows() {
  local settings=(WINEPREFIX="$windows_cache/prefix" WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=")
  while [[ $1 == *=* ]]; do
    settings+=("$1")
    shift
  done
  in_debian "${settings[@]}" bash -c '
    code=0
    /usr/lib/wine/wine64 "$@" || code=$?
    /usr/lib/wine/wineserver64 -k
    /usr/lib/wine/wineserver64 -w
    exit $code
  ' bash "$@"
}

windows_build=build/windows-wheel

# configure_windows / build_windows TARGET...: with the tool chain of the chroot
configure_windows() {
  local definition definitions=()
  while IFS= read -r definition; do definitions+=("-D$definition"); done < <(cmake_definitions)
  in_debian cmake --preset windows-wheel "${definitions[@]}" -DCMAKE_INCLUDE_PATH=/machine/include \
    -DEVERGPU_GTEST_SOURCE=/machine/src/googletest
}
build_windows() { in_debian CMAKE_BUILD_PARALLEL_LEVEL="$CMAKE_BUILD_PARALLEL_LEVEL" cmake --build "$windows_build" --target "$@"; }
