"""Several devices: EVERGPU_HOST_DEVICES=2 gives two. MirroredStrategy, collectives, copies."""

import numpy as np
import pytest

from support import process

TWO = {"EVERGPU_HOST_DEVICES": "2"}
pytestmark = pytest.mark.plugin

MIRRORED = """
import keras
from support import models

def losses(strategy):
    with strategy.scope():
        model, x, y, loss = models.build("convnet", plain=True)
        # Batch statistics are a replica's own: leave that layer as it predicts.
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    return model.fit(data, epochs=3, verbose=0).history["loss"], len(model.get_weights())

assert len(tf.config.list_physical_devices("GPU")) == 2
one = losses(tf.distribute.OneDeviceStrategy("/GPU:0"))
two = losses(tf.distribute.MirroredStrategy(["/GPU:0", "/GPU:1"]))
assert device.statistics(1)["kernels"] > 0
report([one, two])
"""


def test_mirrored_strategy_gives_the_losses_of_one_device():
    (one, n), (two, m) = process.run(MIRRORED, TWO, timeout=240).result
    assert n == m and one[0] > one[-1]
    np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)


COLLECTIVES = """
strategy = tf.distribute.MirroredStrategy(["/GPU:0", "/GPU:1"])

@tf.function
def step(x):
    def replica(x):
        context = tf.distribute.get_replica_context()
        return (context.all_reduce("sum", x), context.all_reduce("mean", x),
                context.all_gather(x, axis=0))
    return strategy.run(replica, args=(x,))

values = strategy.experimental_distribute_values_from_function(
    lambda context: tf.fill((2, 3), float(context.replica_id_in_sync_group + 1)))
report([[t.numpy().tolist() for t in strategy.experimental_local_results(r)] for r in step(values)])
"""


def test_collectives():
    total, mean, gathered = process.run(COLLECTIVES, TWO, timeout=120).result
    assert total == [[[3.0] * 3] * 2] * 2
    assert mean == [[[1.5] * 3] * 2] * 2
    assert gathered == [[[1.0] * 3] * 2 + [[2.0] * 3] * 2] * 2


RAW_COLLECTIVES = """
from concurrent.futures import ThreadPoolExecutor
raw = tf.raw_ops
group = dict(group_size=2, group_key=11)

def both(function):
    def on(number):
        with tf.device(f"/GPU:{number}"):
            return function(number).numpy().tolist()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(on, (0, 1)))

def value(number):
    return tf.constant([[1.0, 2.0], [3.0, 4.0]]) * (number + 1)

report({
    "reduce": both(lambda n: raw.CollectiveReduce(input=value(n), instance_key=1, merge_op="Add",
                                                  final_op="Id", subdiv_offsets=[0], **group)),
    "reduce_v2": both(lambda n: raw.CollectiveReduceV2(
        input=value(n), group_size=2, group_key=12, instance_key=2, ordering_token=[],
        merge_op="Add", final_op="Id")),
    "gather_v2": both(lambda n: raw.CollectiveGatherV2(
        input=value(n), group_size=2, group_key=13, instance_key=3, ordering_token=[])),
    "broadcast": both(lambda n: raw.CollectiveBcastSendV2(
        input=value(n), group_size=2, group_key=14, instance_key=4) if n == 0 else
        raw.CollectiveBcastRecvV2(group_size=2, group_key=14, instance_key=4, shape=[2, 2],
                                  T=tf.float32)),
})
"""


def test_raw_collectives():
    found = process.run(RAW_COLLECTIVES, TWO, timeout=120).result
    one = [[1.0, 2.0], [3.0, 4.0]]
    assert found["reduce"] == found["reduce_v2"] == [[[3.0, 6.0], [9.0, 12.0]]] * 2
    assert found["gather_v2"] == [[*one, [2.0, 4.0], [6.0, 8.0]]] * 2
    assert found["broadcast"] == [one, one]


COPIES = """
random = np.random.default_rng(1)
x = random.normal(size=(33, 17)).astype(np.float32)
with tf.device("/GPU:0"):
    a = tf.constant(x) * 2
with tf.device("/GPU:1"):
    b = tf.identity(a) + 1
    c = tf.Variable(b)
with tf.device("/GPU:0"):
    c0 = tf.identity(c) * tf.identity(b)
    a = a - c0
expected = x * 2 - (x * 2 + 1) * (x * 2 + 1)
report([float(np.abs(a.numpy() - expected).max()), a.device, c.device])
report([device.statistics(0)["writes"], device.statistics(1)["writes"]])
"""


def test_copies_between_devices():
    child = process.run(COPIES, TWO)
    writes = child.result
    error, first, second = child.reports[0]
    assert error < 1e-5 and first.endswith("GPU:0") and second.endswith("GPU:1")
    assert all(count > 0 for count in writes)


def test_visible_devices():
    child = process.run("""
        gpus = tf.config.list_physical_devices("GPU")
        tf.config.set_visible_devices(gpus[1:], "GPU")
        with tf.device("/GPU:0"):
            total = float(tf.reduce_sum(tf.ones((10,))))
        report([len(gpus), len(tf.config.list_logical_devices("GPU")), total])
        """, TWO)
    assert child.result == [2, 1, 10.0]
