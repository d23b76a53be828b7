"""Loads TensorFlow with the plug-in under test once, for all tests of the process."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import device  # noqa: E402

device.prepare_environment()

import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "full: runs only where EVERGPU_TEST_FULL is 1")
    config.addinivalue_line("markers", "plugin: makes no sense in a dry run without the plug-in")
    config.addinivalue_line("filterwarnings", "ignore:__array__ implementation:DeprecationWarning")
    if not device.DRY_RUN and not tf.config.list_physical_devices("GPU"):
        raise pytest.UsageError("TensorFlow sees no evergpu device: install the wheel, set "
                                "EVERGPU_LIBRARY, or EVERGPU_TEST_DEVICE=/CPU:0 for a dry run")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("full") and not device.FULL:
            item.add_marker(pytest.mark.skip(reason="needs EVERGPU_TEST_FULL=1"))
        if item.get_closest_marker("plugin") and device.DRY_RUN:
            item.add_marker(pytest.mark.skip(reason="dry run without the plug-in"))


def pytest_report_header():
    return (f"evergpu: device under test {device.DEVICE}, {'full' if device.FULL else 'quick'}, "
            f"EVERGPU_TEST_SEED={device.SEED}")


@pytest.fixture(autouse=True, scope="session")
def everything_compiles():
    """No test of this process made a kernel that its adapter could not compile."""
    yield
    assert device.DRY_RUN or device.statistics().get("fallbacks", 0) == 0  # none: it was never used


@pytest.fixture(autouse=True)
def default_placement():
    """Tests may change soft placement; each starts from TensorFlow's default."""
    yield
    tf.config.set_soft_device_placement(True)
