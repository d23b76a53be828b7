"""The device under test and what its library says about itself.

EVERGPU_LIBRARY     a built plug-in library, where no wheel is installed
EVERGPU_TEST_DEVICE another device, such as /CPU:0: a dry run of the tests on stock TensorFlow
EVERGPU_TEST_FULL   1: everything; otherwise a sample that takes minutes
EVERGPU_TEST_SEED   the seed of the sample and of all drawn values
EVERGPU_TEST_SAMPLE how many combinations of dtypes of an op are in the sample
"""

import os
import pathlib
import sys

DEVICE = os.environ.get("EVERGPU_TEST_DEVICE", "/GPU:0")
DRY_RUN = "EVERGPU_TEST_DEVICE" in os.environ
FULL = os.environ.get("EVERGPU_TEST_FULL", "0") == "1"
SEED = int(os.environ.get("EVERGPU_TEST_SEED", "20260301"))
SAMPLE = int(os.environ.get("EVERGPU_TEST_SAMPLE", "14"))
REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
LAVAPIPE = pathlib.Path("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json")  # the system's software driver


def prepare_environment():
    """Call before TensorFlow is imported, in this process and in every child."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # By itself TensorFlow's CPU device takes oneDNN on some processors only; without, it lacks kernels.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    library = os.environ.get("EVERGPU_LIBRARY")
    if library:
        os.environ["TF_PLUGGABLE_DEVICE_LIBRARY_PATH"] = library
        sys.path.insert(0, str(REPOSITORY / "python"))
        from evergpu import hook  # what the wheel's .pth file does at interpreter start

        hook.install()


def library_path():
    """The plug-in library under test: EVERGPU_LIBRARY, or the installed wheel's."""
    from evergpu import plugin

    return pathlib.Path(os.environ.get("EVERGPU_LIBRARY") or plugin.installed_path())


def describe(what):
    """What the library says about `what`: ops, devices, version, statistics:0, memory:0."""
    from evergpu import plugin

    return plugin.describe(what)


def statistics(ordinal=0):
    """The device's counters, a dict."""
    return describe(f"statistics:{ordinal}")
