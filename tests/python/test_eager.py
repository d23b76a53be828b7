"""Eager use: gradient tapes, variable arithmetic, .numpy() at any point, out-of-range indices."""

import numpy as np
import pytest
import tensorflow as tf

from support.device import DEVICE, describe


@pytest.fixture(autouse=True)
def on_device():
    with tf.device(DEVICE):
        yield


def test_gradient_tape_loop_fits_a_line():
    random = np.random.default_rng(1)
    x = random.normal(size=(64, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 3
    weight, bias = tf.Variable(tf.zeros((3, 1))), tf.Variable(tf.zeros((1,)))
    losses = []
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, weight) + bias - y))
        for variable, gradient in zip((weight, bias), tape.gradient(loss, (weight, bias))):
            variable.assign_sub(0.1 * gradient)
        losses.append(float(loss))
    assert losses[-1] < 1e-6 * losses[0]
    np.testing.assert_allclose(weight.numpy().ravel(), [1, -2, 0.5], atol=1e-3)
    np.testing.assert_allclose(bias.numpy(), [3], atol=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int32", "int64",
                                   "int8", "uint8", "int16", "uint16", "uint32", "uint64"])
def test_variable_arithmetic(dtype):
    variable = tf.Variable(tf.cast([1, 2, 3], dtype))
    variable.assign_add(tf.cast([1, 1, 1], dtype))
    variable.assign_sub(tf.cast([0, 1, 2], dtype))
    assert variable.numpy().tolist() == [2, 2, 2]
    variable.assign(tf.cast([7, 8, 9], dtype))
    assert variable.read_value().numpy().tolist() == [7, 8, 9]
    assert (variable + variable).numpy().tolist() == [14, 16, 18]


def test_variable_copies_are_values():
    """A tensor read from a variable keeps its value when the variable is assigned in place."""
    variable = tf.Variable([1.0, 2.0])
    before = variable.read_value()
    doubled = before * 2
    variable.assign_add([10.0, 10.0])
    after = variable.read_value()
    variable.assign([0.0, 0.0])
    assert before.numpy().tolist() == [1, 2]
    assert doubled.numpy().tolist() == [2, 4]
    assert after.numpy().tolist() == [11, 12]
    assert variable.numpy().tolist() == [0, 0]


def test_sliced_and_scattered_variables():
    variable = tf.Variable(tf.zeros((4, 3)))
    variable[1].assign([1.0, 2.0, 3.0])
    variable[2:, 1].assign([5.0, 6.0])
    variable.scatter_nd_add([[0], [0]], [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    variable.scatter_update(tf.IndexedSlices([[9.0, 9.0, 9.0]], [3]))
    assert variable.numpy().tolist() == [[2, 2, 2], [1, 2, 3], [0, 5, 0], [9, 9, 9]]


def test_numpy_at_any_point():
    x = tf.random.stateless_normal((31, 7), (1, 2))
    value = x.numpy()
    for step in range(20):
        x = x * 1.5 - tf.reduce_mean(x, axis=0)
        value = (value * np.float32(1.5) - value.mean(0)).astype(np.float32)
        if step % 3 == 0:
            np.testing.assert_allclose(x.numpy(), value, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(x.numpy(), value, rtol=1e-2, atol=1e-2)


def test_results_of_dead_inputs_survive():
    pieces = []
    for i in range(50):
        x = tf.fill((5,), float(i))
        pieces.append(tf.reshape(x[1:4] + 1.0, (3, 1)))
        del x
    joined = tf.concat(pieces, axis=1).numpy()
    np.testing.assert_array_equal(joined, np.tile(np.arange(50, dtype=np.float32) + 1, (3, 1)))


def test_host_and_device_mix():
    x = tf.ones((4, 4))
    with tf.device("/CPU:0"):
        y = x + tf.eye(4)
    z = tf.matmul(x, y)
    assert float(tf.reduce_sum(z)) == 4 * 20
    assert tf.identity(z).numpy().shape == (4, 4)


def test_control_flow_and_tensor_arrays():
    @tf.function
    def cumulative(x):
        array = tf.TensorArray(tf.float32, size=tf.shape(x)[0])
        total = tf.zeros_like(x[0])
        for i in tf.range(tf.shape(x)[0]):
            total = total + x[i] if tf.reduce_sum(x[i]) > 0 else total - x[i]
            array = array.write(i, total)
        return array.stack()

    x = np.random.default_rng(3).normal(size=(9, 4)).astype(np.float32)
    signs = np.where(x.sum(1, keepdims=True) > 0, 1, -1)
    np.testing.assert_allclose(cumulative(tf.constant(x)).numpy(), (x * signs).cumsum(0), rtol=1e-5,
                               atol=1e-5)


def test_second_derivatives():
    x = tf.constant([0.5, 1.5])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(tf.tanh(x) * x**3)
        first = inner.gradient(y, x)
    second = outer.gradient(first, x).numpy()
    t = np.tanh([0.5, 1.5])
    v = np.array([0.5, 1.5])
    exact = 6 * v * t + 6 * v**2 * (1 - t**2) + v**3 * (-2 * t * (1 - t**2))
    np.testing.assert_allclose(second, exact, rtol=1e-5)


@pytest.mark.plugin
def test_out_of_range_as_on_tensorflows_gpus():
    """Data-dependent faults do not raise: they behave as TensorFlow's GPU kernels do."""
    table = tf.reshape(tf.range(6.0), (3, 2))
    assert tf.gather(table, [1, 7, -1]).numpy().tolist() == [[2, 3], [0, 0], [0, 0]]
    assert tf.gather_nd(table, [[0, 1], [5, 5]]).numpy().tolist() == [1, 0]
    assert tf.scatter_nd([[1], [9]], [1.0, 2.0], [3]).numpy().tolist() == [0, 1, 0]
    updated = tf.tensor_scatter_nd_update(table, [[0], [8]], [[9.0, 9.0], [7.0, 7.0]])
    assert updated.numpy().tolist() == [[9, 9], [2, 3], [4, 5]]
    assert tf.math.unsorted_segment_sum([1.0, 2.0, 4.0], [0, -1, 9], 2).numpy().tolist() == [1, 0]
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits([0, 9], tf.zeros((2, 3)))
    assert loss.numpy()[0] == pytest.approx(np.log(3)) and np.isnan(loss.numpy()[1])


@pytest.mark.plugin
def test_memory_figures():
    name = DEVICE.lstrip("/")
    tf.config.experimental.reset_memory_stats(name)
    before = tf.config.experimental.get_memory_info(name)
    x = tf.random.stateless_uniform((1024, 1024), (1, 1))
    x.numpy()
    during = tf.config.experimental.get_memory_info(name)
    assert during["current"] - before["current"] >= 4 << 20
    assert during["peak"] >= during["current"]
    del x
    after = tf.config.experimental.get_memory_info(name)
    assert after["current"] <= during["current"] - (4 << 20)
    tf.config.experimental.reset_memory_stats(name)
    assert tf.config.experimental.get_memory_info(name)["peak"] < during["peak"]


@pytest.mark.plugin
def test_device_says_its_name():
    gpu = tf.config.list_physical_devices("GPU")[0]
    name = tf.config.experimental.get_device_details(gpu)["device_name"]
    assert name == describe("devices")[0]["name"]
    if describe("devices")[0]["adapter"] == "host":
        assert name.startswith("CPU (no GPU found)")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int64"])
def test_ranges_end_where_tensorflows_do(dtype):
    """Tenths are no binary fractions, so whether the last one still belongs to a range is a matter of rounding."""
    random = np.random.default_rng(5)
    for _ in range(100):
        start, limit, delta = np.round(random.uniform(-3, 3, 3), 1) * (10 if dtype == "int64" else 1)
        delta = (abs(delta) or 1) * (1 if limit > start else -1)
        numbers = [tf.constant(x, dtype) for x in (start, limit, delta)]
        with tf.device("/CPU:0"):
            expected = tf.raw_ops.Range(start=numbers[0], limit=numbers[1], delta=numbers[2])
        ours = tf.raw_ops.Range(start=numbers[0], limit=numbers[1], delta=numbers[2])
        assert ours.shape == expected.shape, numbers
