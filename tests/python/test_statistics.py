"""EVERGPU_STATS=1: what the device says at exit, on the MLP that the README shows."""

import os
import re

import pytest

from support import process

pytestmark = pytest.mark.plugin

EPOCHS, STEPS = 5, 40

EXAMPLE = """
import runpy
runpy.run_path(str(device.REPOSITORY / "examples" / "mlp.py"))
report(device.statistics())
"""

LINES = {
    "op results recorded": ("writes",),
    "flushes": ("flushes",),
    "kernels launched": ("kernels",),
    "plans": ("plan_misses", "plan_hits", "fallbacks"),
    "buffers allocated": ("allocations", "bytes_allocated"),
    "bytes that existed": ("bytes_created",),
    "bytes written": ("bytes_written",),
}


@pytest.fixture(scope="module")
def child():
    return process.run(EXAMPLE, {"EVERGPU_STATS": "1"})


def test_it_prints_what_the_device_counted(child):
    counted = child.result
    for words, names in LINES.items():
        line = re.search(rf"^{words} +(.*)$", child.stderr, re.MULTILINE)
        assert line, child.stderr
        figures = [int(n) for n in re.findall(r"\d+", line.group(1))][:len(names)]
        # What Python frees on its way out may still be counted.
        for figure, name in zip(figures, names, strict=True):
            assert counted[name] <= figure <= counted[name] * 1.01 + 10, (words, figure, counted)


def test_a_queue_prints_what_it_was_given(child):
    counted = child.result
    commands = re.search(r"^commands +(\d+) \((\d+) barriers, (\d+) submissions\)$", child.stderr, re.MULTILINE)
    moved = re.search(r"^bytes of commands +(\d+) read, (\d+) written$", child.stderr, re.MULTILINE)
    if not os.environ.get("EVERGPU_ADAPTER", "").startswith("vulkan"):  # elsewhere launches run at once
        assert not commands and not moved and "commands" not in counted
        return
    names = ("commands", "barriers", "submissions", "command_bytes_read", "command_bytes_written")
    for figure, name in zip(map(int, commands.groups() + moved.groups()), names, strict=True):
        assert counted[name] <= figure <= counted[name] * 1.01 + 1000, (name, figure, counted)
    assert 0 < counted["barriers"] < counted["commands"] >= counted["kernels"]
    # A step is a few submissions, not one for each kernel.
    assert EPOCHS * STEPS < counted["submissions"] < counted["kernels"] / 3
    assert counted["command_bytes_read"] > counted["command_bytes_written"] >= counted["bytes_written"]


def test_a_training_step_needs_few_flushes_and_little_of_its_memory(child):
    counted, steps = child.result, EPOCHS * STEPS
    # One for the step's end, one for the accuracy metric, and some at the start and each epoch's end.
    assert steps < counted["flushes"] < 2.5 * steps
    assert counted["kernels"] < counted["writes"]
    assert counted["bytes_created"] < 0.3 * counted["bytes_allocated"]


def test_without_it_nothing_is_printed():
    child = process.run("report(float(tf.reduce_sum(tf.ones(3))))", {"EVERGPU_STATS": "0"})
    assert child.result == 3.0 and "flushes" not in child.stderr
