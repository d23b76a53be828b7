"""Runs clang-tidy over src/, a file on each core. A file that was clean is not looked at again until
it, one of the headers of this repository that it includes, its compile command, the configuration or
clang-tidy itself changes.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
BUILD = ROOT / "build" / "release"
CLEAN = ROOT / ".cache" / "clang-tidy.json"  # hashes of what was clean
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def closure(path, seen):
    """Adds `path` and the headers of src/ that it includes, directly or not, to `seen`."""
    if path in seen or not path.is_file():
        return
    seen[path] = content = path.read_bytes()
    for name in INCLUDE.findall(content):
        closure(SOURCE / os.fsdecode(name), seen)


def fingerprint(path, command, settings):
    seen = {}
    closure(path, seen)
    digest = hashlib.sha256(settings + command.encode())
    for part in sorted(seen):
        digest.update(os.fsencode(part.relative_to(ROOT)) + b"\0" + seen[part])
    return digest.hexdigest()


def tidy(path):
    command = ["clang-tidy", "--quiet", "-p", str(BUILD), str(path)]
    return subprocess.run(command, capture_output=True, text=True)


def main():
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    settings = (ROOT / ".clang-tidy").read_bytes() + version
    database = json.loads((BUILD / "compile_commands.json").read_text())
    commands = {pathlib.Path(entry["file"]): entry["command"] for entry in database}
    files = sorted(path for path in commands if path.is_relative_to(SOURCE))
    clean = set(json.loads(CLEAN.read_text())) if CLEAN.is_file() else set()
    marks = {path: fingerprint(path, commands[path], settings) for path in files}
    todo = [path for path in files if marks[path] not in clean]
    print(f"clang-tidy: {len(todo)} of {len(files)} files to look at", flush=True)
    dirty = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for number, (path, result) in enumerate(zip(todo, pool.map(tidy, todo)), 1):
            print(f"[{number}/{len(todo)}] {path.relative_to(ROOT)}", flush=True)
            if result.returncode == 0:
                clean.add(marks[path])
            else:
                dirty += 1
                print(result.stdout, result.stderr, sep="", flush=True)
            if number % 10 == 0 or number == len(todo):
                CLEAN.parent.mkdir(exist_ok=True)
                CLEAN.write_text(json.dumps(sorted(clean & set(marks.values()))))
    print(f"clang-tidy: {dirty} files with findings")
    return 1 if dirty else 0


if __name__ == "__main__":
    sys.exit(main())
