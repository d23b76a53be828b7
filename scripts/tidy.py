"""Runs clang-tidy over src/, a folder on each core.

Most of clang-tidy's time goes into the headers that files share, so it looks at the files of a folder
together, included into one generated file: a unit. Files that cannot be in one, since they name
something of their own alike, are in the folder's next. A folder that was clean is not looked at again
until one of its files or of the headers of this repository that they include, a compile command, the
configuration or clang-tidy itself changes.
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
UNITS = ROOT / ".cache" / "tidy"
CLEAN = UNITS / "clean.json"  # fingerprints of folders
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
ERROR = re.compile(r"^(\S+\.cc):\d+:\d+: error: .*\[clang-diagnostic-error\]$", re.MULTILINE)


def closure(path, seen):
    """Adds `path` and the headers of src/ that it includes, directly or not, to `seen`."""
    if path in seen or not path.is_file():
        return
    seen[path] = content = path.read_bytes()
    for name in INCLUDE.findall(content):
        closure(SOURCE / os.fsdecode(name), seen)


def fingerprint(entries, settings):
    digest = hashlib.sha256(settings)
    seen = {}
    for entry in entries:
        digest.update(entry["command"].encode())
        closure(pathlib.Path(entry["file"]), seen)
    for part in sorted(seen):
        digest.update(os.fsencode(part.relative_to(ROOT)) + b"\0" + seen[part])
    return digest.hexdigest()


def tidy(entries, *options):
    """clang-tidy's result on the files of these entries of a compilation database, as one unit."""
    first = entries[0]
    name = os.path.relpath(first["file"], SOURCE).replace(os.sep, "_")
    source = UNITS / name / "unit.cc"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("".join(f'#include "{entry["file"]}"\n' for entry in entries))
    command = first["command"].replace(first["file"], str(source))
    database = [{"directory": first["directory"], "command": command, "file": str(source)}]
    (source.parent / "compile_commands.json").write_text(json.dumps(database))
    # That a .cc is included is our doing.
    options = options or ("--checks=-bugprone-suspicious-include",)
    words = ["clang-tidy", "--quiet", f"--config-file={ROOT}/.clang-tidy", "-p", str(source.parent)]
    return subprocess.run([*words, *options, str(source)], capture_output=True, text=True)


def divide(entries):
    """Divides the entries of a folder into as few units as the files' own names allow."""
    while entries:
        unit, apart = entries, []
        while len(unit) > 1:
            # With one check, since without any it does nothing.
            output = tidy(unit, "--checks=-*,modernize-use-override").stdout
            if "[clang-diagnostic-error]" not in output:
                break
            # Of two files with one name the compiler finds fault with the later one.
            faulty = set(ERROR.findall(output)) - {unit[0]["file"]}
            faulty = faulty or {entry["file"] for entry in unit[len(unit) // 2 :]}
            apart += [entry for entry in unit if entry["file"] in faulty]
            unit = [entry for entry in unit if entry["file"] not in faulty]
        yield unit
        entries = apart


def findings(entries):
    """What clang-tidy finds in the files of a folder; empty when it is clean."""
    # Highway includes such a file again for each instruction set, which only its own command can.
    alone = [e for e in entries if b"HWY_TARGET_INCLUDE" in pathlib.Path(e["file"]).read_bytes()]
    units = [[entry] for entry in alone]
    units += divide([entry for entry in entries if entry not in alone])
    results = [tidy(unit) for unit in units]
    return "".join(result.stdout + result.stderr for result in results if result.returncode != 0)


def main():
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    settings = (ROOT / ".clang-tidy").read_bytes() + version
    folders = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if (folder := pathlib.Path(entry["file"]).parent).is_relative_to(SOURCE):
            folders.setdefault(folder, []).append(entry)
    clean = set(json.loads(CLEAN.read_text())) if CLEAN.is_file() else set()
    marks = {folder: fingerprint(folders[folder], settings) for folder in folders}
    todo = [folder for folder in folders if marks[folder] not in clean]
    todo.sort(key=lambda folder: len(folders[folder]), reverse=True)
    print(f"clang-tidy: {len(todo)} of {len(folders)} folders to look at", flush=True)
    dirty = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = pool.map(findings, [folders[folder] for folder in todo])
        for number, (folder, text) in enumerate(zip(todo, found), 1):
            print(f"[{number}/{len(todo)}] {folder.relative_to(ROOT)}", flush=True)
            if text:
                dirty += 1
                print(text, flush=True)
            else:
                clean.add(marks[folder])
                CLEAN.parent.mkdir(parents=True, exist_ok=True)
                CLEAN.write_text(json.dumps(sorted(clean & set(marks.values()))))
    print(f"clang-tidy: {dirty} folders with findings")
    return 1 if dirty else 0


if __name__ == "__main__":
    sys.exit(main())
