"""Include arrows point down: a room of src/ includes only itself and the rooms that CMakeLists.txt
says it uses, and nothing outside of src/tensorflow knows TensorFlow."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"(\w+)/', re.MULTILINE)


def rooms():
    """Room -> all rooms it may use, directly or through others."""
    text = (ROOT / "CMakeLists.txt").read_text()
    direct = {}
    for name, rest in re.findall(r"evergpu_room\((\w+)([^)]*)\)", text):
        uses = re.search(r"USES((?:\s+(?!LINKS)\w+)*)", rest)
        direct[name] = set(uses.group(1).split()) if uses else set()
    below = {}
    for name, uses in direct.items():  # each is declared after those it uses
        below[name] = uses.union(*(below[used] for used in uses))
    below["tensorflow"] = set(direct)
    return below


ROOMS = rooms()


def test_rooms_are_those_of_the_design():
    assert list(ROOMS) == ["base", "ir", "ops", "compiler", "adapters", "runtime", "tensorflow"]
    assert "runtime" not in ROOMS["adapters"] and "ops" not in ROOMS["compiler"]


@pytest.mark.parametrize("room", ROOMS)
def test_includes_point_down(room):
    files = [p for p in (ROOT / "src" / room).rglob("*") if p.suffix in (".h", ".cc")]
    assert files
    wrong = [
        f"{path.relative_to(ROOT)} includes {target}"
        for path in files
        for target in INCLUDE.findall(path.read_text())
        if target in ROOMS and target != room and target not in ROOMS[room]
    ]
    assert wrong == []


def test_nothing_below_knows_tensorflow():
    wrong = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        if room != "tensorflow"
        for path in (ROOT / "src" / room).rglob("*")
        if path.suffix in (".h", ".cc") and re.search(r'#\s*include\s*["<]tensorflow/', path.read_text())
    ]
    assert wrong == []
