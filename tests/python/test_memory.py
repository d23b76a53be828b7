"""Memory stays flat: long runs of eager ops, of training steps, of ever new shapes."""

import pytest

from support import process
from support.device import FULL

PREPARE = """
def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
"""

EAGER = PREPARE + """
with tf.device(DEVICE):
    x = tf.ones((64, 64))
    def some(count):
        global x
        for i in range(count):
            y = x * 1.0001
            z = tf.add(y, 0.25)
            if i % 4 == 0:
                x = tf.minimum(z, 2.0)
    some(3000)
    start = resident()
    marks = []
    for _ in range(OPS // 3000):
        some(1200)
        marks.append(resident())
    report([start, marks])
    report(float(tf.reduce_max(x)))
"""


def assert_flat(start, marks, mebibytes):
    """Growth of the last mark over the middle of the run, after caches have filled."""
    middle = marks[len(marks) // 2]
    assert marks[-1] - middle < mebibytes / 2, (start, marks)
    assert marks[-1] - start < mebibytes, (start, marks)


def test_eager_ops_that_nobody_reads():
    """100,000 ops, and no result is ever read."""
    child = process.run(EAGER.replace("OPS", "100000"), timeout=300)
    assert child.result == pytest.approx(2.0)
    assert_flat(*child.reports[0], mebibytes=64)


TRAINING = PREPARE + """
import keras
from support import models
with tf.device(DEVICE):
    model, x, y, loss = models.build("mlp")
    model.compile(optimizer="adam", loss=loss)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).repeat()
    model.fit(data, shuffle=False, steps_per_epoch=100, epochs=1, verbose=0)
    start, marks = resident(), []
    for _ in range(10):
        model.fit(data, shuffle=False, steps_per_epoch=STEPS // 10, epochs=1, verbose=0)
        marks.append(resident())
    report([start, marks])
"""


def test_training_steps():
    """10,000 steps of training; 1,000 in quick mode."""
    steps = 10000 if FULL else 1000
    start, marks = process.run(TRAINING.replace("STEPS", str(steps)), timeout=580).result
    assert_flat(start, marks, mebibytes=64)


LENGTHS = PREPARE + """
@tf.function(reduce_retracing=True)
def step(x, w):
    with tf.GradientTape() as tape:
        tape.watch(w)
        h = tf.nn.relu(tf.linalg.matmul(x, w))
        loss = tf.reduce_mean(tf.nn.softmax(h, axis=1) * tf.cast(tf.shape(x)[1], tf.float32))
    return loss, tape.gradient(loss, w)

with tf.device(DEVICE):
    w = tf.Variable(tf.ones((16, 24)) * 0.1)
    def all_lengths(order):
        for length in order:
            x = tf.random.stateless_normal((8, int(length), 16), (1, int(length)))
            loss, gradient = step(x, w)
            w.assign_sub(0.01 * gradient)
    lengths = np.random.default_rng(0).permutation(np.arange(1, 201))
    all_lengths(lengths)
    marks = [resident()]
    for _ in range(3):
        all_lengths(lengths)
        marks.append(resident())
    report(marks)
    report(bool(np.isfinite(w.numpy()).all()))
"""


def test_two_hundred_sequence_lengths():
    child = process.run(LENGTHS, timeout=400)
    assert child.result is True
    marks = child.reports[0]
    assert marks[-1] - marks[0] < 64, marks


@pytest.mark.plugin
def test_device_memory_is_returned():
    """After a thousand allocations nothing stays resident that is not alive."""
    child = process.run("""
        with tf.device(DEVICE):
            tf.ones((8,)).numpy()
            before = device.statistics()
            for _ in range(1000):
                (tf.ones((256, 256)) * 2).numpy()
            report([before, device.statistics()])
        """)
    before, after = child.result
    assert after["live_bytes"] <= before["live_bytes"] + (1 << 20)
    assert after["peak_live_bytes"] < 16 << 20
    assert after["peak_resident_bytes"] < 64 << 20
