# Windows on Linux: a Debian trixie in .cache/windows/debian, which has the UCRT tool chain and Wine 10
# (Debian 12's Wine does not run TensorFlow), and a Wine prefix. Sourced after scripts/lib.sh.
#
# Everything runs in a mount and process namespace of its own: what is mounted and what Wine leaves
# running ends with the command, also with an interrupted one.

windows_cache=$root/.cache/windows
debian=$windows_cache/debian
# Of several Windows Pythons, WINDOWS_PYTHON names one; see make_python.
windows_python=$windows_cache/${WINDOWS_PYTHON:-python}
windows_build=build/windows-wheel

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
    mount -t sysfs -o ro sysfs "$debian/sys"
    mount -t tmpfs tmpfs "$debian/dev/shm"
    mount --bind "$repository" "$debian/$repository"
    mount --bind -o ro /usr "$debian/machine"
    exec chroot "$debian" env -i --chdir="$repository" HOME=/root PATH=/usr/bin:/bin:/usr/sbin:/sbin \
      LANG=C.UTF-8 XDG_RUNTIME_DIR=/root "$@"
  ' bash "$debian" "$root" "$@"
}

# in_windows [NAME=VALUE...] PROGRAM...: runs it under Wine, headless, without the browser and .NET
# that Wine offers, and with Microsoft's OpenMP: Wine's own says that all cores take part where one
# was asked for, so that oneDNN adds up in another order. The program "python" is Windows' Python.
in_windows() {
  # Under Wine no process has AMX's registers, but TensorFlow's oneDNN takes them where the processor does.
  # Trixie's lavapipe (Mesa 25.0.7 with LLVM 19) rounds to wrong numbers on a processor with AVX512-FP16.
  local settings=(WINEPREFIX="$windows_cache/prefix" WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=;vcomp140=n"
    ONEDNN_MAX_CPU_ISA=AVX512_CORE_FP16 GALLIUM_OVERRIDE_CPU_CAPS=avx)
  while [[ $1 == *=* ]]; do
    settings+=("$1")
    shift
  done
  [ "$1" != python ] || set -- "$windows_python/python.exe" "${@:2}"
  in_debian "${settings[@]}" bash -c '
    code=0
    /usr/lib/wine/wine64 "$@" || code=$?
    /usr/lib/wine/wineserver64 -k
    /usr/lib/wine/wineserver64 -w
    exit $code
  ' bash "$@"
}

# --- what a DLL or program needs and offers ---

system_dlls='(ADVAPI32|KERNEL32|OLE32|PSAPI|SHELL32|USER32|WS2_32|msvcrt|ntdll|api-ms-win-crt-[a-z0-9-]+)\.dll'

# imports_of / exports_of FILE: a name a line
imports_of() { objdump -p "$1" | sed -nE 's/^\s*DLL Name: //p'; }
exports_of() { objdump -p "$1" | sed -n '/Ordinal\/Name Pointer/,/^$/p' | awk '{ print $NF }'; }

# needs_only_windows FILE: fails where it needs a DLL that does not come with Windows
needs_only_windows() {
  local foreign
  foreign=$(imports_of "$1" | grep -viE "^$system_dlls\$" || true)
  [ -z "$foreign" ] || fail "$1 needs DLLs that Windows does not bring: $(echo $foreign)"
}

# is_a_plugin FILE: fails where a function that TensorFlow looks for is missing
is_a_plugin() {
  local function
  for function in SE_InitPlugin TF_InitKernel TF_InitGraph TF_InitProfiler; do
    exports_of "$1" | grep -qx "$function" || fail "$1 does not export $function"
  done
}
