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
# The adapters for GPUs that are built in, by the one table that says so.
ADAPTERS = re.findall(r'^ +GpuSupport\{"(\w+)"', (ROOT / "src/base/product.h").read_text(), re.M)
NOTHING_FOR_GPUS = re.compile(
    r"no adapter for GPUs|GPUs: not available yet|no GPU adapter|cannot use GPUs yet", re.I)
WRITTEN_BY_HAND = [page for page in PAGES if page.parent == GUIDES]


def test_written_parts_are_up_to_date():
    child = subprocess.run([sys.executable, ROOT / "scripts" / "guides.py", "--check", COMMAND],
                           capture_output=True, text=True)
    assert child.returncode == 0, child.stdout + child.stderr


def test_what_is_written_by_hand_follows_the_table_of_gpus():
    """When an adapter for GPUs is built in, these sentences must go; until then, somebody says them."""
    assert f"std::array<GpuSupport, {len(ADAPTERS)}>" in (ROOT / "src/base/product.h").read_text()
    pages = {page.name: page for page in [ROOT / "README.md", *WRITTEN_BY_HAND]}
    says = {name for name, page in pages.items()
            if NOTHING_FOR_GPUS.search(" ".join(page.read_text().split()))}
    if ADAPTERS:
        assert not says, "these still say that no GPU can be used"
    else:
        assert {"README.md", "index.md", "devices.md"} <= says


def test_every_kind_of_machine_is_in_the_support_matrix():
    rows = re.findall(r"^\| (Windows|WSL 2|Linux) \| (AMD|Intel|NVIDIA|no GPU) \|",
                      (GUIDES / "support.md").read_text(), re.M)
    assert len(rows) == len(set(rows)) == 3 * 4


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
    named = set(re.findall(r"EVERGPU_ADAPTER=(\w+)", text))
    allowed = {"host", "off", *ADAPTERS} | ({"gpu"} if ADAPTERS else set())
    assert named <= allowed, f"no such adapter yet: {named - allowed}"
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
def test_python_in_the_guides_runs(code, tmp_path):
    child = process.run(f"import os; os.chdir({str(tmp_path)!r})\n{code}\nreport('done')")
    assert child.result == "done"


@pytest.mark.plugin
def test_the_first_training_of_the_guide_trains():
    route, _ = ask("guide", "--usual", "--level", "student", "--library", "keras", "--vendor", "none",
                   "--system", "linux")
    child = process.run(route["script"] + "\nreport(history.history['loss'])")
    assert child.result[-1] < child.result[0] / 2
    assert "GPU:0" in child.stdout
