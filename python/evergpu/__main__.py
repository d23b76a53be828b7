"""`python -m evergpu`: the versions, the devices, and whether all is well. Exit code 0 when
TensorFlow computes on an evergpu device (or `EVERGPU_ADAPTER=off` asked for none), else 1."""

import os
import platform
import sys
from importlib import metadata

from evergpu import plugin


def version_of(*names):
    """The first of these packages that is installed, with its version."""
    for name in names:
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return f"no {names[0]}"


def problem():
    """Computes something on the device and prints what it is; returns what is wrong, or None."""
    if not os.path.isfile(plugin.installed_path()):
        return f"the library {plugin.installed_path()} is missing: install evergpu's wheel again"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import tensorflow as tf
    except ImportError as error:
        return f'TensorFlow does not import ({error}): pip install "{plugin.TENSORFLOW}"'
    from evergpu import hook

    if hook.AdjustingFinder not in sys.meta_path:
        return "the start-up hook did not run (python -S or -I?): Keras would ask for XLA and fail"
    if os.environ.get("EVERGPU_ADAPTER") == "off":
        print("no device: EVERGPU_ADAPTER=off")
        return "EVERGPU_ADAPTER=off, and yet there is a device" if plugin.device_count() else None
    if plugin.device_count() == 0:
        return "evergpu offers no device; its message above says why"
    with tf.device("/GPU:0"):
        product = tf.linalg.matmul(tf.ones((8, 16)), tf.ones((16, 4)))
    print_devices()
    if "GPU:0" not in product.device or float(tf.reduce_sum(product)) != 8 * 16 * 4:
        return f"a matrix product on {product.device} came out wrong"
    return None


def print_devices():
    for number, device in enumerate(plugin.describe("devices")):
        memory = f"{device['memory'] / 2**30:.1f} GiB"
        print(f"device GPU:{number}: {device['name']}, {memory} ({device['adapter']} adapter)")


def main():
    print(version_of("evergpu"))
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    print(", ".join([version_of("tensorflow-cpu", "tensorflow"), version_of("keras-nightly", "keras")]))
    print(version_of("onednn-cpu-gomp", "onednn-cpu-vcomp"))
    wrong = problem()
    print("all is well" if wrong is None else f"not well: {wrong}")
    return 0 if wrong is None else 1


if __name__ == "__main__":
    sys.exit(main())
