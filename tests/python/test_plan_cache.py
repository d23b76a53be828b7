"""Planning is for the first steps: later ones find their plans, whatever the order in which
TensorFlow's threads recorded them."""

import pytest

from support import process

pytestmark = pytest.mark.plugin

TRAIN = """
import os
import keras
tf.config.threading.set_inter_op_parallelism_threads(int(os.environ["TEST_THREADS"]))
from support import models

class Count(keras.callbacks.Callback):
    counts = []
    def on_train_batch_end(self, batch, logs=None):
        now = device.statistics()
        self.counts.append((now["plan_hits"], now["plan_misses"]))

with tf.device(DEVICE):
    model, x, y, loss = models.build(os.environ["TEST_MODEL"])
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    model.fit(x, y, batch_size=2, epochs=20, verbose=0, callbacks=[Count()])
report(Count.counts)
"""


@pytest.mark.parametrize("name", ("mlp", "convnet"))
@pytest.mark.parametrize("threads", (1, 2, 8))
def test_from_the_third_step_on_plans_are_found(name, threads):
    counts = process.run(TRAIN, {"TEST_THREADS": str(threads), "TEST_MODEL": name}).result
    hits, misses = (last - second for last, second in zip(counts[-1], counts[1], strict=True))
    assert hits >= len(counts) - 2
    assert hits >= 0.99 * (hits + misses), counts
