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

        from keras.callbacks import Callback

        import models
        from flop import forward_flop

        class Marks(Callback):
            """Calls `mark` when the first step has run, and when the last has; like Keras's own
            callbacks, it does not keep fit from recording on meanwhile."""

            async_safe = True

            def __init__(self, mark):
                super().__init__()
                self.mark = mark

            def on_train_batch_end(self, batch, logs=None):
                if batch == 0:
                    float(logs["loss"])
                    self.mark()

            def on_epoch_end(self, epoch, logs=None):
                self.mark()

        case = CASES[name]
        batches = random_batches(case)
        whole = tuple(np.concatenate(arrays) for arrays in zip(*batches))
        self.data = (tf.data.Dataset.from_tensor_slices(whole).batch(case.batch).cache().repeat()
                     .prefetch(2))
        self.batches = itertools.cycle(batches)
        self.model = models.compiled(name, policy)
        self.marks = Marks
        self.on_device = bool(tf.config.list_physical_devices("GPU"))
        self.modes = {"fit": self.fit, "train_on_batch": self.train_on_batch}
        # A step is its forward part and the gradients by inputs and by weights, as large each.
        self.facts = {"version": f"TensorFlow {tf.__version__}", "on_device": self.on_device,
                      "flop": 3 * case.batch * forward_flop(self.model)}

    def fit(self, steps, mark):
        """One step more: what fit does before it trains is not a step's time, nor is how long it
        waits afterwards, up to as long again."""
        self.model.fit(self.data, steps_per_epoch=steps + 1, shuffle=False, verbose=0,
                       callbacks=[self.marks(mark)])

    def train_on_batch(self, steps, mark):
        mark()
        for x, y in itertools.islice(self.batches, steps):
            self.model.train_on_batch(x, y)
        mark()

    def counters(self):
        return device.statistics() if self.on_device else {}


if __name__ == "__main__":
    serve(lambda: Training(*sys.argv[1:]))
