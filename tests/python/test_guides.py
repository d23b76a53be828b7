"""The guides say what the doctor's tables say, claim nothing that is not there, and their Python runs."""

import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import process  # noqa: E402
from test_doctor import COMMAND, ROOT, ask  # noqa: E402

GUIDES = ROOT / "guides"
PAGES = sorted(GUIDES.rglob("*.md"))
WRITTEN_BY_HAND = [page for page in PAGES if page.parent == GUIDES]


def test_written_parts_are_up_to_date():
    child = subprocess.run([sys.executable, ROOT / "scripts" / "guides.py", "--check", COMMAND],
                           capture_output=True, text=True)
    assert child.returncode == 0, child.stdout + child.stderr


def test_every_cell_of_the_table_is_a_page():
    links = set(re.findall(r"\]\((start/[^)]+)\)", (GUIDES / "index.md").read_text()))
    assert links == {f"start/{page.name}" for page in (GUIDES / "start").glob("*.md")}
    assert len(links) == 2 * 4 * 4 * 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page):
    text = page.read_text()
    if page.name != "index.md":
        assert "**Status" in text[:400], "a page opens with its status"
        assert "first_training.py" in text or "first-training.md" in text, "it ends with a model"
    if "has_gpu_adapter = false" in (ROOT / "src/base/product.h").read_text():
        assert not re.search(r"EVERGPU_ADAPTER=(vulkan|cuda|gpu)", text), "no such adapter yet"
    for target in re.findall(r"\]\(([^)#:]+\.md)\)", text):
        assert (page.parent / target).is_file(), target


def python_blocks():
    """The hand-written pages' code: what sets up the whole process for itself, the rest together."""
    together, alone = [], []
    for page in WRITTEN_BY_HAND:
        for code in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
            own = "set_visible_devices" in code or "set_global_policy" in code
            (alone if own else together).append(code)
    assert len(together) >= 3 and len(alone) >= 2
    return ["\n".join(f"exec({code!r}, {{}})" for code in together), *alone]


@pytest.mark.plugin
@pytest.mark.parametrize("code", python_blocks(), ids=["together", "alone-0", "alone-1"])
def test_python_in_the_guides_runs(code):
    child = process.run(code + "\nreport('done')")
    assert child.result == "done"


@pytest.mark.plugin
def test_the_first_training_of_the_guide_trains():
    route, _ = ask("guide", "--usual", "--level", "student", "--library", "keras", "--vendor", "none",
                   "--system", "linux")
    child = process.run(route["script"] + "\nreport(history.history['loss'])")
    assert child.result[-1] < child.result[0] / 2
    assert "GPU:0" in child.stdout
