"""Training programs with parts of their own run on the device alone, with stock TensorFlow's numbers."""

import numpy as np
import pytest
import tensorflow as tf

from support import programs


@pytest.fixture(scope="module")
def references():
    return programs.references()


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_numbers(name, references):
    tf.config.set_soft_device_placement(False)
    found = programs.run(name)  # placed as TensorFlow places what names no device
    np.testing.assert_allclose(found, references[name], rtol=1e-4, atol=1e-6)
