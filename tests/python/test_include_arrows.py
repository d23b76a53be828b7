"""Arrows point down: which room of src/ may include which, and other rules about files.

Plain text checks, which need neither a build nor TensorFlow:
    pytest --noconftest tests/python/test_include_arrows.py
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room may include its own headers and those of these rooms.
MAY_INCLUDE = {
    "base": set(),
    "ir": {"base"},
    "ops": {"ir", "base"},
    "compiler": {"ir", "base"},
    "adapters": {"compiler", "ir", "base"},
    "runtime": {"adapters", "compiler", "ir", "base"},
    "system": {"base"},
    "tensorflow": {"ops", "ir", "runtime", "adapters", "system", "base"},
    "doctor": {"system", "base"},
    "cli": {"doctor", "adapters", "system", "base"},
}
MAX_LINES = 600
CODE_SUFFIXES = {".h", ".hpp", ".c", ".cc", ".cpp"}
SOURCE_SUFFIXES = CODE_SUFFIXES | {".py", ".sh", ".cmake", ".txt", ".cu", ".comp", ".slang"}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
OS_HEADER = re.compile(
    r"^(unistd|dlfcn|windows|fcntl|pthread|sched|signal|poll|dirent|pwd|io|process|psapi|direct)\.h$"
    r"|^(sys|linux|mach|asm|bits)/"
)
ADAPTER_DOOR = re.compile(r"^adapters/(\w+\.h|(\w+)/\2\.h)$")
MAY_INCLUDE_OS = re.compile(r"^src/base/os_\w+\.cc$")


def files_under(*folders, suffixes):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def includes_of(path):
    """(line number, header) of each include."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1]


def breach_of_arrows(source, header):
    """Why a file of src/, given by its path from there, may not include a header; None if it may."""
    room, target = source.split("/")[0], header.split("/")[0]
    if room not in MAY_INCLUDE:
        return f"{room} is no room of the table in this test"
    if target in MAY_INCLUDE and target != room and target not in MAY_INCLUDE[room]:
        return f"{room} may not use {target}"
    if target == "adapters" and room != "adapters" and not ADAPTER_DOOR.match(header):
        return "an adapter's inside: use adapters/*.h, or adapters/host/host.h and its like"
    if header.startswith("tensorflow/") and room != "tensorflow":
        return "nothing below src/tensorflow knows TensorFlow"
    return None


def test_the_table_has_no_cycle():
    done = set()
    while len(done) < len(MAY_INCLUDE):
        ready = {room for room, below in MAY_INCLUDE.items() if room not in done and below <= done}
        assert ready, f"the arrows of {set(MAY_INCLUDE) - done} form a cycle"
        done |= ready


def test_a_breach_is_found():
    assert breach_of_arrows("ir/shape.cc", "compiler/plan.h")
    assert breach_of_arrows("ops/math.cc", "runtime/device.h")
    assert breach_of_arrows("runtime/device.cc", "tensorflow/c/kernels.h")
    assert breach_of_arrows("attic/old.cc", "base/log.h")
    assert breach_of_arrows("runtime/device.cc", "adapters/host/loop.h")
    assert not breach_of_arrows("tensorflow/plugin.cc", "adapters/host/host.h")
    assert not breach_of_arrows("compiler/plan.cc", "ir/graph.h")
    assert not breach_of_arrows("tensorflow/call.cc", "tensorflow/c/kernels.h")
    assert not breach_of_arrows("base/log.cc", "fmt/format.h")


def test_includes_point_down():
    source = ROOT / "src"
    breaches = []
    seen = 0
    for path in files_under("src", suffixes=CODE_SUFFIXES):
        for number, header in includes_of(path):
            seen += 1
            if why := breach_of_arrows(path.relative_to(source).as_posix(), header):
                breaches.append(f"{path.relative_to(ROOT)}:{number}: {header}: {why}")
    assert seen > 0
    assert not breaches, "\n" + "\n".join(breaches)


def test_only_os_files_call_the_operating_system():
    breaches = []
    for path in files_under("src", "tests", "bench", suffixes=CODE_SUFFIXES):
        name = path.relative_to(ROOT).as_posix()
        if MAY_INCLUDE_OS.match(name):
            continue
        for number, header in includes_of(path):
            if OS_HEADER.match(header):
                breaches.append(f"{name}:{number}: {header}")
    assert not breaches, "only src/base/os_*.cc may include these:\n" + "\n".join(breaches)


def test_files_are_short():
    long = []
    for path in files_under("src", "python", "tests", "bench", suffixes=SOURCE_SUFFIXES):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
    assert not long, f"files have at most {MAX_LINES} lines:\n" + "\n".join(long)
