"""Loops, sparse gradients, attention, mixed precision, augmentation, keras.applications: they train on
the device alone, with the losses of stock TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from support import more_models
from support.device import DEVICE, FULL

# How far results may be from TensorFlow's, relative: sums are made in another order.
TOLERANCES = {"mixed_float16": 1e-3, "mixed_float16_loss_scale": 1e-3, "mixed_lstm": 1e-3,
              "mixed_bfloat16": 1e-2}


@pytest.fixture(scope="module")
def references():
    return more_models.references(more_models.BUILDERS if FULL else more_models.QUICK)


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[] if name in more_models.QUICK else pytest.mark.full)
    for name in more_models.BUILDERS])
def test_losses(name, references):
    tf.config.set_soft_device_placement(False)
    with tf.device(DEVICE):
        found = more_models.losses(name)
    np.testing.assert_allclose(found, references[name], rtol=TOLERANCES.get(name, 2e-5))
