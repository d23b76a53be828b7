"""Eight kinds of model: fit, evaluate, predict, save and load on the device, against stock
TensorFlow on the CPU."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from support import models, placement, training
from support.device import DEVICE

MODELS = list(models.BUILDERS)


@pytest.fixture(scope="module")
def references():
    return training.references()


@pytest.mark.parametrize("name", MODELS)
def test_first_gradients(name, references):
    """‖g − g64‖ ≤ max(2 × the error of TensorFlow's f32, 1e-5 × max(‖g64‖, 1e-3 × global norm)):
    the gradient of a convolution's bias before batch normalization is zero but for rounding."""
    stock = references[0][name]
    with tf.device(DEVICE):
        found = training.gradients(name)
    exact = stock["gradients64"]
    overall = np.sqrt(sum((g ** 2).sum() for g in exact))
    for number, (g, g64, g32) in enumerate(zip(found, exact, stock["gradients"], strict=True)):
        bound = max(2 * np.linalg.norm(g32 - g64),
                    1e-5 * max(np.linalg.norm(g64), 1e-3 * overall))
        error = np.linalg.norm(g - g64)
        assert error <= bound, f"gradient {number} of shape {g.shape}: {error:.3g} > {bound:.3g}"


@pytest.mark.parametrize("name", MODELS)
def test_fit_evaluate_predict(name, references):
    stock, plain = (r[name] for r in references)
    with tf.device(DEVICE):
        found = training.fit(name)
    np.testing.assert_allclose(found["evaluate"], stock["evaluate"], rtol=1e-5)
    for a, b in zip(found["predict"], stock["predict"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    # Where TensorFlow differs from itself without oneDNN by more, that difference is the measure.
    expected = np.array(stock["losses"])
    own = np.maximum.accumulate(np.abs(expected - plain["losses"]))
    error = np.abs(np.array(found["losses"]) - expected)
    bound = np.maximum(1e-4 * np.maximum(1, np.abs(expected)), own)
    assert (error <= bound).all(), f"errors {error}, bounds {bound}"


@pytest.mark.parametrize("name", MODELS)
def test_save_and_load(name, tmp_path):
    """A loaded model predicts the same bits and goes on training as if nothing had happened."""
    with tf.device(DEVICE):
        model, x, y, loss = models.build(name, plain=True)
        model.compile(optimizer="adam", loss=loss)
        model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(tf.nest.flatten(model.predict(x, verbose=0)),
                        tf.nest.flatten(loaded.predict(x, verbose=0)), strict=True):
            np.testing.assert_array_equal(a, b)
        losses = [m.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0).history["loss"]
                  for m in (model, loaded)]
        assert losses[0] == losses[1]


@pytest.mark.plugin
@pytest.mark.parametrize("name", MODELS)
def test_placement(name):
    """Every floating-point op of a training step runs on the device."""
    model, x, y, loss = models.build(name)
    model.compile(optimizer="adam", loss=loss, metrics=[])
    nodes = placement.of(lambda: model.fit(x, y, batch_size=8, epochs=1, verbose=0))
    on_device = [node for node in nodes if "GPU:0" in node.device]
    assert len(on_device) > 20
    assert placement.floating_elsewhere(nodes) == []
