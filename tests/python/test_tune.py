"""`evergpu tune`: what it says where it cannot measure, and (in the full run) that it measures."""

import json
import os

import pytest

from support import device, process
from support.device import LAVAPIPE
from test_doctor import not_in_wine, run

pytestmark = [not_in_wine, pytest.mark.skipif(not LAVAPIPE.exists(), reason="Mesa's lavapipe is not installed")]


def tune(folder, *arguments, driver=LAVAPIPE):
    environment = {**os.environ, "VK_DRIVER_FILES": str(driver), "EVERGPU_VULKAN_CACHE": str(folder)}
    return run("tune", *arguments, env=environment)


def compute(folder):
    """What a program that computes something on the device says meanwhile."""
    child = process.run("with tf.device(DEVICE): report(float(tf.constant(1.0) + 1))",
                        {"EVERGPU_ADAPTER": "vulkan", "VK_DRIVER_FILES": str(LAVAPIPE),
                         "EVERGPU_VULKAN_CACHE": str(folder)})
    assert child.result == 2
    return child.stderr


@pytest.mark.parametrize("arguments, driver, message", [
    (("--device", "7"), LAVAPIPE, "there is no Vulkan device 7: this machine has 1"),
    (("--device", "-1", "--reset"), LAVAPIPE, "there is no Vulkan device -1: this machine has 1"),
    ((), "/no-such-driver.json", "the Vulkan loader found no usable driver"),
])
def test_what_is_missing_is_said(arguments, driver, message, tmp_path):
    child = tune(tmp_path, *arguments, driver=driver)
    assert child.returncode == 2 and child.stderr.startswith(f"evergpu: {message}"), str(child)


def test_without_a_place_to_remember_nothing_is_measured():
    child = tune("off")
    assert child.returncode == 2 and "EVERGPU_VULKAN_CACHE" in child.stderr
    assert "GFLOP/s" not in child.stdout


def test_nothing_is_forgotten_twice(tmp_path):
    child = tune(tmp_path, "--reset")
    assert (child.returncode, child.stdout) == (0, "There was nothing to forget.\n")


@pytest.mark.skipif(not device.FULL, reason="takes a minute or two")
def test_it_measures_remembers_and_forgets(tmp_path):
    child = tune(tmp_path, "--json")
    assert child.returncode == 0, child.stderr
    rows = json.loads(child.stdout)
    uses = dict.fromkeys(row["use"] for row in rows)
    assert list(uses) == ["matrix products", "convolutions", "loops and reductions", "3x3 convolutions"]
    for use in uses:
        of_use = [row for row in rows if row["use"] == use]
        chosen, = (row for row in of_use if row["chosen"])
        default, = (row for row in of_use if row["default"])
        assert len(of_use) >= 3 and not any(row["problem"] for row in of_use)
        fastest = max(row["rate"] for row in of_use)
        assert chosen["rate"] == fastest or (chosen == default and fastest <= 1.05 * default["rate"])
    assert len(list(tmp_path.glob("*.tiles"))) == 1
    assert "kernels have the tiles that evergpu tune found" in compute(tmp_path)
    assert tune(tmp_path, "--reset").stdout.startswith("Forgotten")
    assert not list(tmp_path.glob("*.tiles"))
    assert "tiles" not in compute(tmp_path)
