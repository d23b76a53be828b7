"""CheckNumerics stops a computation at the first number that is not finite, in TensorFlow's words."""

import numpy as np
import pytest
import tensorflow as tf

from support.device import DEVICE

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("values, words, words_v2", [
    ([1, NAN], "NaN", "NaN"),
    ([INF, 1], "Inf", "\\+Inf"),
    ([-INF, 1], "Inf", "-Inf"),
    ([-INF, NAN, 1], "Inf and NaN", "-Inf and NaN"),
    ([-INF, 0, INF, NAN], "Inf and NaN", "-Inf, \\+Inf, and NaN"),
])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_words(values, words, words_v2, dtype):
    tf.config.set_soft_device_placement(False)
    with tf.device(DEVICE):
        tensor = tf.constant(values, dtype)
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"loss : Tensor had {words} val"):
            tf.raw_ops.CheckNumerics(tensor=tensor, message="loss")
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"loss : Tensor had {words_v2} v"):
            tf.raw_ops.CheckNumericsV2(tensor=tensor, message="loss")


def test_in_a_function():
    @tf.function
    def root_of_sum(x):
        return tf.debugging.check_numerics(tf.sqrt(tf.reduce_sum(x)), "root")

    with tf.device(DEVICE):
        assert root_of_sum(tf.constant([1.0, 3.0])) == 2
        with pytest.raises(tf.errors.InvalidArgumentError, match="root : Tensor had NaN values"):
            root_of_sum(tf.constant([1.0, -3.0]))
        assert root_of_sum(tf.constant([4.0, 0.0])) == 2
