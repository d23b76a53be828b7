"""Keras layers, forward and backward, in f32 and mixed precision, channels last and first: the
device against TensorFlow's CPU device (which has no channels-first kernels: there the images are
transposed)."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from support.device import DEVICE, DRY_RUN

# name: (rank of the images, constructor). Every one takes data_format.
SPATIAL = {
    "Conv1D": (1, lambda **k: layers.Conv1D(6, 3, strides=2, padding="same", **k)),
    "Conv1D-dilated": (1, lambda **k: layers.Conv1D(4, 3, dilation_rate=2, **k)),
    "Conv2D": (2, lambda **k: layers.Conv2D(6, 3, activation="relu", **k)),
    "Conv2D-groups": (2, lambda **k: layers.Conv2D(8, 3, groups=2, padding="same", **k)),
    "Conv2D-dilated": (2, lambda **k: layers.Conv2D(4, 3, dilation_rate=2, padding="same", **k)),
    "Conv3D": (3, lambda **k: layers.Conv3D(4, 2, strides=2, padding="same", **k)),
    "Conv1DTranspose": (1, lambda **k: layers.Conv1DTranspose(4, 3, 2, padding="same", **k)),
    "Conv2DTranspose": (2, lambda **k: layers.Conv2DTranspose(4, 3, 2, padding="same", **k)),
    "Conv3DTranspose": (3, lambda **k: layers.Conv3DTranspose(4, 3, 2, padding="same", **k)),
    "DepthwiseConv1D": (1, lambda **k: layers.DepthwiseConv1D(3, depth_multiplier=2, **k)),
    "DepthwiseConv2D": (2, lambda **k: layers.DepthwiseConv2D(3, strides=2, padding="same", **k)),
    "SeparableConv1D": (1, lambda **k: layers.SeparableConv1D(6, 3, padding="same", **k)),
    "SeparableConv2D": (2, lambda **k: layers.SeparableConv2D(6, 3, **k)),
    "MaxPooling1D": (1, lambda **k: layers.MaxPooling1D(2, **k)),
    "MaxPooling2D": (2, lambda **k: layers.MaxPooling2D(3, 2, padding="same", **k)),
    "MaxPooling3D": (3, lambda **k: layers.MaxPooling3D(2, **k)),
    "AveragePooling1D": (1, lambda **k: layers.AveragePooling1D(3, 1, padding="same", **k)),
    "AveragePooling2D": (2, lambda **k: layers.AveragePooling2D(2, **k)),
    "AveragePooling3D": (3, lambda **k: layers.AveragePooling3D(2, padding="same", **k)),
    "GlobalMaxPooling2D": (2, lambda **k: layers.GlobalMaxPooling2D(**k)),
    "GlobalAveragePooling3D": (3, lambda **k: layers.GlobalAveragePooling3D(**k)),
    "ZeroPadding2D": (2, lambda **k: layers.ZeroPadding2D(((1, 0), (2, 1)), **k)),
    "Cropping2D": (2, lambda **k: layers.Cropping2D(1, **k)),
    "UpSampling2D": (2, lambda **k: layers.UpSampling2D(2, **k)),
    "UpSampling2D-bilinear": (2, lambda **k: layers.UpSampling2D(2, interpolation="bilinear", **k)),
    "UpSampling3D": (3, lambda **k: layers.UpSampling3D(2, **k)),
}
# name: (shape without batch, constructor)
PLAIN = {
    "Dense": ((5,), lambda: layers.Dense(7, activation="tanh")),
    "Dense-3D": ((3, 5), lambda: layers.Dense(7)),
    "BatchNormalization": ((4, 4, 6), layers.BatchNormalization),
    "BatchNormalization-axis": ((4, 4, 6), lambda: layers.BatchNormalization(axis=1)),
    "LayerNormalization": ((4, 6), layers.LayerNormalization),
    "GroupNormalization": ((4, 4, 6), lambda: layers.GroupNormalization(3)),
    "RMSNormalization": ((4, 6), layers.RMSNormalization),
    "UnitNormalization": ((6,), layers.UnitNormalization),
    "Normalization": ((6,), lambda: layers.Normalization(mean=1.0, variance=2.0)),
    "PReLU": ((6,), layers.PReLU),
    "LeakyReLU": ((6,), layers.LeakyReLU),
    "Softmax": ((3, 6), layers.Softmax),
    "Dropout": ((64,), lambda: layers.Dropout(0.4, seed=5)),
    "SpatialDropout2D": ((3, 3, 8), lambda: layers.SpatialDropout2D(0.4, seed=5)),
    "AlphaDropout": ((64,), lambda: layers.AlphaDropout(0.4, seed=5)),
    "GaussianDropout": ((64,), lambda: layers.GaussianDropout(0.4, seed=5)),
    "GaussianNoise": ((64,), lambda: layers.GaussianNoise(0.4, seed=5)),
    "Embedding": ((5,), lambda: layers.Embedding(12, 4)),
    "EinsumDense": ((3, 5), lambda: layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")),
    "Permute": ((3, 4, 5), lambda: layers.Permute((3, 1, 2))),
    "RepeatVector": ((4,), lambda: layers.RepeatVector(3)),
    "Flatten": ((3, 4), layers.Flatten),
    "Resizing": ((6, 8, 3), lambda: layers.Resizing(9, 5)),
    "Rescaling": ((6,), lambda: layers.Rescaling(0.1, 2.0)),
}
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
EPSILON = {"float32": 1e-6, "mixed_float16": 2e-3, "mixed_bfloat16": 1.6e-2}


def _run(device, make, policy, images, weights=None, channels_first=False):
    """Output and gradients by input and weights, as f32, and the weights that were used."""
    keras.utils.set_random_seed(9)
    with tf.device(device):
        layer = make(dtype=keras.DTypePolicy(policy))
        x = tf.constant(images)
        layer.build(x.shape)
        if weights is not None:
            layer.set_weights(weights)
        weights = layer.get_weights()
        with tf.GradientTape() as tape:
            if x.dtype.is_floating:
                tape.watch(x)
            y = layer(x, training=True) if _has_training(layer) else layer(x)
            upstream = _upstream(tuple(y.shape), channels_first)
            total = tf.reduce_sum(tf.cast(y, tf.float32) * tf.constant(upstream, tf.float32))
        sources = ([x] if x.dtype.is_floating else []) + [v.value for v in layer.trainable_variables]
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(total, sources)]
        state = [v.value for v in layer.non_trainable_variables if "seed" not in v.path]
        return ([np.asarray(tf.cast(t, tf.float32)) for t in (y, *gradients, *state)],
                weights)


def _upstream(shape, channels_first):
    """The same values for both orders of channels."""
    if not channels_first or len(shape) < 3:
        return np.random.default_rng(2).normal(size=shape)
    return np.moveaxis(_upstream((shape[0], *shape[2:], shape[1]), False), -1, 1)


def _has_training(layer):
    return layer._call_has_training_arg


def _with_dtype(constructor):
    """The constructor, taking the policy although its layer is made by a function without it."""
    def make(dtype):
        previous = keras.config.dtype_policy()
        keras.config.set_dtype_policy(dtype)
        try:
            return constructor()
        finally:
            keras.config.set_dtype_policy(previous)
    return make


def _compare(found, expected, policy):
    for number, (a, b) in enumerate(zip(found, expected, strict=True)):
        scale = max(float(np.abs(b).max(initial=0)), 1e-3)
        np.testing.assert_allclose(a, b, rtol=0, atol=32 * EPSILON[policy] * scale,
                                   err_msg=f"result {number}")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", PLAIN)
def test_layer(name, policy):
    shape, constructor = PLAIN[name]
    random = np.random.default_rng(4)
    images = random.normal(size=(4, *shape)).astype(np.float32)
    if name == "Embedding":
        images = random.integers(0, 12, (4, *shape))
    make = _with_dtype(constructor)
    expected, weights = _run("/CPU:0", make, policy, images)
    found, _ = _run(DEVICE, make, policy, images, weights)
    _compare(found, expected, policy)


FORMATS = ("channels_last",) if DRY_RUN else ("channels_last", "channels_first")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", SPATIAL)
def test_spatial_layer(name, policy, data_format):
    rank, constructor = SPATIAL[name]
    random = np.random.default_rng(4)
    images = random.permutation(2 * 9**rank * 4).reshape(2, *[9] * rank, 4)
    images = (images / images.size - 0.5).astype(np.float32)
    with tf.device("/CPU:0"):
        weights = constructor()
        weights.build(images.shape)
        weights = [random.normal(size=w.shape).astype(np.float32) * 0.3
                   for w in weights.get_weights()]
    # The reference is f32 of the same rounded inputs: its half-precision kernels sum in half.
    expected, _ = _run("/CPU:0", lambda dtype: constructor(data_format="channels_last", dtype=dtype),
                       "float32", images, weights)
    if data_format == "channels_first":
        images = np.moveaxis(images, -1, 1)
        expected = [np.moveaxis(t, -1, 1) if i < 2 and t.ndim > 2 else t
                    for i, t in enumerate(expected)]
    found, _ = _run(DEVICE, lambda dtype: constructor(data_format=data_format, dtype=dtype), policy,
                    images, weights, data_format == "channels_first")
    _compare(found, expected, policy)


def test_dropout_masks_are_tensorflows():
    """The same seeds drop the same elements, bit for bit."""
    masks = []
    for device in (DEVICE, "/CPU:0"):
        with tf.device(device):
            layer = layers.Dropout(0.5, seed=1234)
            masks.append([layer(tf.ones((33, 65)), training=True).numpy() for _ in range(4)])
    for found, expected in zip(*masks, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (masks[0][0] != masks[0][1]).any()
