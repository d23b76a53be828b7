"""Losses and predictions to the last bit, a line each, to compare one system with another:

    python tests/python/support/bits.py [MODEL...] > FILE
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import device  # noqa: E402

device.prepare_environment()

import hashlib  # noqa: E402

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from support import models, training  # noqa: E402


def main():
    for name in sys.argv[1:] or models.BUILDERS:
        with tf.device(device.DEVICE):
            found = training.fit(name)
        predictions = b"".join(np.ascontiguousarray(p).tobytes() for p in found["predict"])
        print(name, "predictions", hashlib.sha256(predictions).hexdigest()[:16])
        for step, loss in enumerate(found["losses"]):
            print(name, "step", step, float(loss).hex(), f"{loss:.6f}")


if __name__ == "__main__":
    main()
