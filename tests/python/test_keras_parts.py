"""Every Keras optimizer, loss, metric and activation: the device against TensorFlow's CPU device."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.compiler.tf2xla.ops import gen_xla_ops

from support.device import DEVICE

# These need more than predictions and labels of one shape, or are no tensors' business.
NOT_A_LOSS = {"Loss", "CTC"}
NOT_A_METRIC = {"Metric", "MeanMetricWrapper"}
NOT_AN_OPTIMIZER = {"Optimizer", "OptimizerMap", "MultiOptimizer", "LossScaleOptimizer"}


def classes(module, but):
    return sorted(name for name, value in vars(module).items()
                  if inspect.isclass(value) and name not in but)


def on_both(compute):
    """compute()'s arrays on the device under test and on the CPU."""
    results = []
    for device in (DEVICE, "/CPU:0"):
        keras.utils.set_random_seed(3)
        with tf.device(device):
            results.append([np.asarray(t) for t in tf.nest.flatten(compute())])
    return zip(*results, strict=True)


def assert_close(compute, rtol=2e-5, atol=1e-6):
    for found, expected in on_both(compute):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


@pytest.fixture
def random():
    return np.random.default_rng(11)


OPTIMIZERS = [(name, {}) for name in classes(keras.optimizers, NOT_AN_OPTIMIZER)] + [
    ("SGD", {"momentum": 0.9}), ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"clipnorm": 0.1}), ("SGD", {"clipvalue": 0.05}), ("SGD", {"global_clipnorm": 0.2}),
    ("SGD", {"weight_decay": 0.01}), ("SGD", {"use_ema": True, "ema_overwrite_frequency": 2}),
    ("Adam", {"amsgrad": True}), ("Adam", {"gradient_accumulation_steps": 2}),
    ("RMSprop", {"momentum": 0.5, "centered": True}), ("Ftrl", {"l1_regularization_strength": 0.01}),
    ("SGD", {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 4, warmup_steps=2,
                                                                     warmup_target=0.2)}),
    ("SGD", {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)}),
    ("SGD", {"learning_rate": keras.optimizers.schedules.PiecewiseConstantDecay([1, 2],
                                                                                [0.3, 0.2, 0.1])}),
]


@pytest.mark.parametrize("name, arguments", OPTIMIZERS,
                         ids=lambda v: v if isinstance(v, str) else "-".join(v) or "default")
def test_optimizer(name, arguments, random):
    values = [random.normal(size=s).astype(np.float32) for s in ((4, 6), (6,), (3, 3, 2, 2))]
    gradients = [[random.normal(size=v.shape).astype(np.float32) for v in values] for _ in range(4)]

    def compute():
        weights = [keras.Variable(v, name=f"w{i}") for i, v in enumerate(values)]
        optimizer = getattr(keras.optimizers, name)(**arguments)
        for step in gradients:
            optimizer.apply([tf.constant(g) for g in step], weights)
        return [w.value for w in weights] + [v.value for v in optimizer.variables]
    # Lion and Muon take signs and iterate; a difference in the last bit grows there.
    assert_close(compute, rtol=1e-4, atol=1e-3 if name == "Muon" else 1e-5)


def _labels_and_predictions(name, random):
    """Arguments that are within the domain of a loss or metric."""
    probabilities = random.uniform(0.02, 1, (12, 5)).astype(np.float32)
    probabilities /= probabilities.sum(1, keepdims=True)
    one_hot = np.eye(5, dtype=np.float32)[random.integers(0, 5, 12)]
    classes_ = random.integers(0, 5, 12)
    binary = random.integers(0, 2, (12, 5)).astype(np.float32)
    if name.startswith("Sparse") or name == "CategoricalGeneralizedCrossEntropy":
        return classes_, probabilities
    if name == "Circle":
        vectors = random.normal(size=(12, 4)).astype(np.float32)
        return classes_, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if name in ("IoU", "MeanIoU"):
        return classes_ % 2, random.integers(0, 2, 12)
    if name == "Accuracy":
        return classes_, random.integers(0, 5, 12)
    if name.startswith(("Categorical", "F1", "FBeta", "OneHot", "TopK")):
        return one_hot, probabilities
    if name.startswith(("Binary", "Hinge", "SquaredHinge", "Dice", "Tversky", "AUC", "Precision",
                        "Recall", "Sens", "Spec", "True", "False")):
        return binary, random.uniform(0.02, 0.98, (12, 5)).astype(np.float32)
    if "Logarithmic" in name or name in ("Poisson", "KLDivergence"):
        return probabilities, probabilities[::-1].copy()
    return (random.normal(size=(12, 5)).astype(np.float32),
            random.normal(size=(12, 5)).astype(np.float32))


@pytest.mark.parametrize("name", classes(keras.losses, NOT_A_LOSS))
def test_loss(name, random):
    labels, predictions = _labels_and_predictions(name, random)
    weights = random.uniform(0, 2, 12).astype(np.float32)

    def compute():
        x = tf.constant(predictions)
        loss = getattr(keras.losses, name)()
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            value = loss(tf.constant(labels), x)
            weighted = value if name in ("Dice", "Tversky") else \
                loss(tf.constant(labels), x, sample_weight=weights)
        return value, weighted, tape.gradient(value, x), tape.gradient(weighted, x)
    assert_close(compute)


METRIC_ARGUMENTS = {
    "IoU": dict(num_classes=2, target_class_ids=[0, 1]), "MeanIoU": dict(num_classes=2),
    "OneHotIoU": dict(num_classes=5, target_class_ids=[0, 2]), "OneHotMeanIoU": dict(num_classes=5),
    "PrecisionAtRecall": dict(recall=0.5), "RecallAtPrecision": dict(precision=0.5),
    "SensitivityAtSpecificity": dict(specificity=0.5),
    "SpecificityAtSensitivity": dict(sensitivity=0.5),
}


@pytest.mark.parametrize("name", classes(keras.metrics, NOT_A_METRIC))
def test_metric(name, random):
    labels, predictions = _labels_and_predictions(name, random)

    def compute():
        metric = getattr(keras.metrics, name)(**METRIC_ARGUMENTS.get(name, {}))
        for part in (slice(0, 7), slice(7, 12)):
            if name in ("Mean", "Sum"):
                metric.update_state(tf.constant(predictions[part]))
            else:
                metric.update_state(tf.constant(labels[part]), tf.constant(predictions[part]))
        return [metric.result(), *(v.value for v in metric.variables)]
    assert_close(compute)


ACTIVATION_ARGUMENTS = {"threshold": dict(threshold=0.5, default_value=-1.0)}
ACTIVATIONS = sorted(name for name, value in vars(keras.activations).items()
                     if inspect.isfunction(value)
                     and name not in ("get", "serialize", "deserialize"))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name, dtype, random):
    values = random.normal(size=(7, 16)).astype(np.float32) * 3

    def compute():
        x = tf.cast(tf.constant(values), dtype)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = getattr(keras.activations, name)(x, **ACTIVATION_ARGUMENTS.get(name, {}))
        return tf.cast(y, tf.float32), tf.cast(tape.gradient(y, x), tf.float32)
    epsilon = {"float32": 1e-6, "float16": 1e-3, "bfloat16": 8e-3}[dtype]
    assert_close(compute, rtol=16 * epsilon, atol=8 * epsilon)


def test_slices_of_keras_operations():
    """Keras calls XLA's operation for it, whose own kernel for GPUs would crash here; it clamps what begins too late."""
    x = keras.ops.reshape(keras.ops.arange(12, dtype="float32"), (4, 3))
    update = -keras.ops.ones((2, 2))

    def program(start):
        return keras.ops.slice_update(x, start, update)

    expected = np.arange(12, dtype=np.float32).reshape(4, 3)
    expected[2:4, 1:3] = -1
    for call in (program, tf.function(program)):
        np.testing.assert_array_equal(call(tf.constant([2, 1])), expected)
        np.testing.assert_array_equal(call(tf.constant([7, 1])), expected)


def test_other_operations_of_xla_are_refused():
    with pytest.raises(tf.errors.UnimplementedError, match="tf.device\\('/CPU:0'\\)"):
        gen_xla_ops.xla_sort(tf.constant([3.0, 1.0, 2.0]))
