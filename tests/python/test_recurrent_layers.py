"""Keras's recurrent layers, which take one op for a whole sequence on the device, against their
step by step loop on TensorFlow's CPU device; and what must not take that op."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from support.device import DEVICE, DRY_RUN

CELLS = {"LSTM": layers.LSTM, "GRU": layers.GRU}
# name: keyword arguments
FORMS = {
    "last": {},
    "sequences": {"return_sequences": True},
    "states": {"return_sequences": True, "return_state": True},
    "backwards": {"go_backwards": True, "return_sequences": True},
}
# What the op cannot do, so that Keras runs its own loop.
OTHER_FORMS = {
    "activation": {"activation": "relu"},
    "recurrent_dropout": {"recurrent_dropout": 0.3, "seed": 3},
    "no_bias": {"use_bias": False},
    "unroll": {"unroll": True},
}
EPSILON = {"float32": 1e-6, "mixed_float16": 2e-3, "mixed_bfloat16": 1.6e-2}


def _images(steps=9, size=5):
    return np.random.default_rng(4).normal(size=(6, steps, size)).astype(np.float32)


def _run(device, make, policy, images, mask=None):
    """Outputs and gradients by input and weights, as f32; and the types of the ops that ran."""
    keras.utils.set_random_seed(9)
    with tf.device(device):
        layer = make(dtype=keras.DTypePolicy(policy))
        x = tf.constant(images)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.nest.flatten(layer(x, mask=mask, training=True))
                loss = sum(tf.reduce_sum(tf.sin(tf.cast(t, tf.float32) * (i + 1)))
                           for i, t in enumerate(y))
            sources = [x, *(v.value for v in layer.trainable_variables)]
            return y + tape.gradient(loss, sources)

        layer(x, mask=mask)
        results = [np.asarray(tf.cast(t, tf.float32)) for t in step()]
        ops = {op.type for op in step.get_concrete_function().graph.get_operations()}
    return results, ops


def _compare(found, expected, policy):
    for number, (a, b) in enumerate(zip(found, expected, strict=True)):
        scale = max(float(np.abs(b).max(initial=0)), 1e-3)
        np.testing.assert_allclose(a, b, rtol=0, atol=32 * EPSILON[policy] * scale,
                                   err_msg=f"result {number}")


def _check(make, expected_op, policy="float32", images=None, mask=None):
    images = _images() if images is None else images
    found, ops = _run(DEVICE, lambda **k: make({}, **k), policy, images, mask)
    if not DRY_RUN:
        assert ("CudnnRNNV3" in ops) == expected_op
    expected, ops = _run("/CPU:0", lambda **k: make({"use_cudnn": False}, **k), "float32", images,
                         mask)
    assert "CudnnRNNV3" not in ops
    _compare(found, expected, policy)


@pytest.mark.parametrize("policy", EPSILON)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cell", CELLS)
def test_layer(cell, form, policy):
    _check(lambda a, **k: CELLS[cell](7, **FORMS[form], **a, **k), True, policy)


@pytest.mark.parametrize("cell", CELLS)
def test_bidirectional(cell):
    _check(lambda a, **k: layers.Bidirectional(CELLS[cell](7, return_sequences=True, **a, **k)),
           True)


@pytest.mark.parametrize("form", OTHER_FORMS)
@pytest.mark.parametrize("cell", CELLS)
def test_forms_of_the_loop(cell, form):
    _check(lambda a, **k: CELLS[cell](4, **OTHER_FORMS[form], **a, **k), False)


@pytest.mark.parametrize("cell", CELLS)
def test_masks_may_have_holes(cell):
    mask = np.random.default_rng(1).random((6, 9)) < 0.6
    _check(lambda a, **k: CELLS[cell](4, return_sequences=True, **a, **k), False, mask=mask)


def test_one_step():
    _check(lambda a, **k: layers.LSTM(4, **a, **k), True, images=_images(steps=1))


@pytest.mark.parametrize("cell", CELLS)
def test_stateful_layers_go_on_where_they_stopped(cell):
    with tf.device(DEVICE):
        images = _images(steps=8)
        layer = CELLS[cell](3, stateful=True)
        layer(images[:, :4])
        parts = np.asarray(layer(images[:, 4:]))
        layer.reset_state()
        whole = np.asarray(layer(images))
    np.testing.assert_allclose(parts, whole, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_a_saved_model_predicts_the_same_without_the_op(cell, tmp_path):
    """A model trained here is used where there is no such op."""
    images = _images()
    with tf.device(DEVICE):
        model = keras.Sequential([layers.Input((9, 5)), CELLS[cell](6), layers.Dense(2)])
        model.compile("adam", "mse")
        model.fit(images, images[:, 0, :2], verbose=0)
        model.save(tmp_path / "model.keras")
        found = model.predict(images, verbose=0)
    with tf.device("/CPU:0"):
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        loaded.layers[0].use_cudnn = False
        x = loaded.layers[0](images)
        expected = np.asarray(loaded.layers[1](x))
    np.testing.assert_allclose(found, expected, atol=1e-6)
