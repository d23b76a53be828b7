"""Classifiers on a Vulkan device without 8-bit storage, as Mesa's driver in WSL 2 is: dropout's mask and
the labels that are valid are parts of words, and nothing else changes."""

import pytest

from support import process
from support.device import LAVAPIPE

pytestmark = [pytest.mark.plugin,
              pytest.mark.skipif(not LAVAPIPE.exists(), reason="Mesa's lavapipe is not installed")]

TRAIN = """
import hashlib
import keras
from support import models

# Booleans and small integers in arrays of odd lengths.
random = np.random.default_rng(3)
flags = random.normal(size=(7, 13)) > 0
small = random.integers(-128, 128, size=(7, 13)).astype(np.int8)
with tf.device(DEVICE):
    model, x, y, loss = models.build("{model}")
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    losses = [float(model.train_on_batch(x, y)[0]) for step in range(2)]
    f, i = tf.constant(flags), tf.constant(small)
    results = [tf.reduce_any(f, 0), tf.reduce_all(f, 1), tf.concat([f, ~f[:, :5]], 1), f & (i > 3),
               tf.where(f, i, -i), tf.reduce_max(i, 1), tf.gather(i, [4, 0, 6]), tf.pad(f, [[1, 2], [0, 1]]),
               tf.cumsum(i, 1), tf.boolean_mask(i, f)]
    digest = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights()))
report([losses, digest.hexdigest(), [r.numpy().astype(int).tolist() for r in results],
        device.statistics().get("fallbacks", 0)])
"""


def train(model, **environment):
    return process.run(TRAIN.replace("{model}", model),
                       {"EVERGPU_ADAPTER": "vulkan", **environment}).result


@pytest.mark.parametrize("model", ("mlp", "convnet"))
def test_two_steps_have_the_same_bits(model):
    losses, weights, results, fallbacks = train(model, EVERGPU_VULKAN_PROFILE="baseline")
    assert losses[1] != losses[0] and fallbacks == 0
    assert [losses, weights, results, fallbacks] == train(model)
