"""The plug-in library: where it lies, and what it says about itself once TensorFlow has loaded it."""

import ctypes
import json
import os

FOLDER = "tensorflow-plugins"
LIBRARY = "evergpu_tensorflow.dll" if os.name == "nt" else "libevergpu_tensorflow.so"
# The TensorFlow this library is built for; docs/versions.md has the history.
TENSORFLOW = "tensorflow-cpu==2.22.0rc0"

_loaded_from = None


def installed_path():
    """Where the wheel put the library; the file may be missing in a source tree."""
    site_packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.path.join(site_packages, FOLDER, LIBRARY)


def note_loaded(path):
    """Remembers that TensorFlow has loaded our library from `path`."""
    global _loaded_from
    _loaded_from = path


def describe(what):
    """Asks the loaded library for "version", "devices", "ops", "statistics:0", "memory:0" or
    "reset_memory:0". None where TensorFlow has not loaded it; it is never loaded by asking."""
    if _loaded_from is None:
        return None
    library = ctypes.CDLL(_loaded_from)  # a second handle to what is loaded already
    library.evergpu_describe.restype = ctypes.c_char_p
    library.evergpu_describe.argtypes = [ctypes.c_char_p]
    answer = library.evergpu_describe(what.encode())
    return None if answer is None else json.loads(answer)


_device_count = None


def device_count():
    """How many devices evergpu gave TensorFlow in this process. Fixed once TensorFlow has loaded
    the library, so it is asked once."""
    global _device_count
    if _loaded_from is None:
        return 0
    if _device_count is None:
        _device_count = describe("device_count") or 0
    return _device_count
