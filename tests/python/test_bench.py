"""bench/train_step.py: that it runs, and that what it reports hangs together; not how fast
anything is."""

import json
import subprocess
import sys

import pytest

from support import device

TRAIN_STEP = device.REPOSITORY / "bench" / "train_step.py"
sys.path.insert(0, str(TRAIN_STEP.parent))
import summary  # noqa: E402
MODES = ("fit", "train_on_batch")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(what it printed, what it wrote)"""
    file = tmp_path_factory.mktemp("bench") / "result.json"
    done = subprocess.run(
        [sys.executable, str(TRAIN_STEP), "--models", "mlp", "--mode", ",".join(MODES),
         "--rounds", "1", "--seconds", "0.1", "--json", str(file)],
        capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())


def test_a_row_for_each_mode_and_contender(run):
    printed, written = run
    rows = written["models"][0]["rows"]
    assert [(row["mode"], row["contender"]) for row in rows] == [
        (mode, contender) for mode in MODES for contender in ("evergpu", "TensorFlow")]
    assert printed.count("\nmlp ") == len(rows)
    assert printed.count("\nall ") == len(MODES)
    for row in rows:
        assert row["step"] > 0 and row["times_limit"] > 0
    mean = written["geometric_means"][0]["speed"]
    assert mean == pytest.approx(rows[1]["step"] / rows[0]["step"])


def test_floating_point_operations_are_those_counted_by_hand(run):
    products = 784 * 512 + 512 * 512 + 512 * 10
    assert run[1]["models"][0]["flop"] == 3 * 2 * 128 * products


@pytest.mark.plugin
def test_only_evergpu_has_counters(run):
    for row in run[1]["models"][0]["rows"]:
        assert bool(row["counters"]) == (row["contender"] == "evergpu")
        if row["counters"]:
            assert 0 < row["counters"]["kernels"] < row["counters"]["writes"]
            assert 0 < row["counters"]["nanoseconds_running"] / 1e9 < row["step"]


@pytest.mark.plugin
def test_first_steps(run):
    first = run[1]["models"][0]["first"]
    assert first["evergpu"]["fit"]["first_step"] > first["evergpu"]["fit"]["step"] > 0
    line, = summary.first_steps({"model": "mlp", "first": {
        "evergpu": {"train_on_batch": {"first_step": 2.5, "first_counters": {"nanoseconds_planning": 5e8}}},
        "TensorFlow": {"train_on_batch": {"first_step": 3, "first_counters": {}}}}})
    assert "evergpu 2.50 s, TensorFlow 3.00 s" in line and "compiling 0.50 s" in line
    assert summary.first_steps({"model": "mlp", "first": first}) == []


@pytest.mark.parametrize("arguments", (["--models", "vgg"], ["--mode", "predict"],
                                       ["--policy", "mixed_float16"]))
def test_it_says_what_it_does_not_know(arguments):
    done = subprocess.run([sys.executable, str(TRAIN_STEP), *arguments], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2 and arguments[0] in done.stderr
