"""The machines of tests/machines: reads their descriptions, and lays them out as folders."""

import dataclasses
import json
import os
import pathlib
import shutil

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "machines"


@dataclasses.dataclass
class Description:
    """A file of tests/machines: its head, and what it does to the folder, in order."""

    name: str
    base: str
    expect: list
    exit: int
    parts: list  # (words after "---", the lines that follow)


def names():
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def describe(name):
    head, parts = {}, []
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("--- "):
            parts.append((line[4:].split(), []))
        elif parts:
            parts[-1][1].append(line)
        elif ":" in line:
            key, value = line.split(":", 1)
            head[key] = value.strip()
    return Description(name, head.get("base", ""), head["expect"].split(), int(head["exit"]), parts)


def lay_out(name, folder):
    """Makes the machine's files below `folder`, those of its base first."""
    description = describe(name)
    if description.base:
        lay_out(description.base, folder)
    for words, lines in description.parts:
        if words[0] == "remove":
            remove(folder / words[1].lstrip("/"))
        elif words[0] == "link":
            place = folder / words[1].lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(words[2], place)
        elif words[0] == "answers":
            change_answers(folder, json.loads("".join(lines)))
        else:
            write(folder / words[0].lstrip("/"), "".join(lines))
    return description


def remove(place):
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()


def write(place, text=""):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def change_answers(folder, patch):
    place = folder / "answers.json"
    answers = json.loads(place.read_text()) if place.exists() else {}
    place.write_text(json.dumps(merged(answers, patch), indent=1))


def merged(value, patch):
    """RFC 7396: what is null in the patch goes."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(value, dict):
        value = {}
    result = {**value, **{key: merged(value.get(key), part) for key, part in patch.items()}}
    return {key: part for key, part in result.items() if part is not None}
