"""Trains one of models.py, on evergpu where TensorFlow has the device: keras_worker.py MODEL POLICY

EVERGPU_LIBRARY names a library that is not installed, as in the tests."""

import itertools
import pathlib
import sys

import numpy as np

from cases import CASES, random_batches
from worker import serve

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "python"))
from support import device  # noqa: E402


class Training:
    def __init__(self, name, policy):
        device.prepare_environment()
        import tensorflow as tf

        import models
        from flop import forward_flop

        case = CASES[name]
        batches = random_batches(case)
        whole = tuple(np.concatenate(arrays) for arrays in zip(*batches))
        self.data = (tf.data.Dataset.from_tensor_slices(whole).batch(case.batch).cache().repeat()
                     .prefetch(2))
        self.batches = itertools.cycle(batches)
        self.model = models.compiled(name, policy)
        self.on_device = bool(tf.config.list_physical_devices("GPU"))
        self.modes = {"fit": self.fit, "train_on_batch": self.train_on_batch}
        # A step is its forward part and the gradients by inputs and by weights, as large each.
        self.facts = {"version": f"TensorFlow {tf.__version__}", "on_device": self.on_device,
                      "flop": 3 * case.batch * forward_flop(self.model)}

    def fit(self, steps, mark):
        """One step more: what fit does before it trains is not a step's time, nor is how long it
        waits afterwards, up to as long again."""
        from keras.callbacks import LambdaCallback

        def on_train_batch_end(batch, logs):
            if batch == 0:
                float(logs["loss"])  # there when the step has run
                mark()

        # Like Keras's own, it does not keep fit from recording on meanwhile.
        marks = LambdaCallback(on_train_batch_end=on_train_batch_end,
                               on_epoch_end=lambda epoch, logs: mark(), async_safe=True)
        self.model.fit(self.data, steps_per_epoch=steps + 1, shuffle=False, verbose=0,
                       callbacks=[marks])

    def train_on_batch(self, steps, mark):
        mark()
        for x, y in itertools.islice(self.batches, steps):
            self.model.train_on_batch(x, y)
        mark()

    def counters(self):
        return device.statistics() if self.on_device else {}


if __name__ == "__main__":
    serve(lambda: Training(*sys.argv[1:]))
