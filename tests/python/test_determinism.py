"""The same bits, whatever the threads do: twenty runs with 1, 2 and 8 inter-op threads."""

import itertools

import pytest

from support import process
from support.device import FULL

TRAIN = """
import hashlib, os
import keras
threads = int(os.environ["TEST_THREADS"])
tf.config.threading.set_inter_op_parallelism_threads(threads)
from support import models
digest = hashlib.sha256()
with tf.device(DEVICE):
    for repetition in range(int(os.environ["TEST_REPETITIONS"])):
        hashes = []
        for name in os.environ["TEST_MODELS"].split(","):
            model, x, y, loss = models.build(name)
            model.compile(optimizer="adam", loss=loss)
            model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
            hashes.append(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
        report(hashes)
"""
THREADS = (1, 2, 8)
RUNS = 20
CASES = [("mlp,multi_input", 7), ("convnet,unet", 7)] if FULL else [("mlp,convnet", 2)]


@pytest.mark.plugin
@pytest.mark.parametrize(("models", "repetitions"), CASES)
def test_same_bits_whatever_the_threads(models, repetitions):
    runs = []
    for threads in THREADS:
        child = process.run(TRAIN, {"TEST_THREADS": str(threads), "TEST_MODELS": models,
                                    "TEST_REPETITIONS": str(repetitions)}, timeout=590)
        assert child.result
        runs += child.reports
    assert len(runs) == len(THREADS) * repetitions and (not FULL or len(runs) >= RUNS)
    assert all(run == runs[0] for run in runs)


CUTS = """
import os
random = np.random.default_rng(5)
x = random.normal(size=(65, 33)).astype(np.float32)
cut = int(os.environ["TEST_CUT"])
with tf.device(DEVICE):
    a = tf.Variable(x)
    step = 0
    def point():
        global step
        step += 1
        if cut and step % cut == 0:
            a.numpy()
    for _ in range(6):
        b = tf.tanh(a * 1.01 + 0.1); point()
        c = tf.reduce_sum(b * b, axis=1, keepdims=True); point()
        d = tf.matmul(b, b, transpose_b=True); point()
        a.assign_sub(0.001 * (b / tf.sqrt(c + 1e-3) + tf.matmul(d, a))); point()
        a.assign(tf.nn.softmax(tf.exp(a) + a)); point()
    report(a.numpy().tobytes().hex())
"""


def test_same_bits_wherever_the_graph_is_cut():
    """Reading at other points, or running every op by itself, cuts elsewhere."""
    results = [process.run(CUTS, {"TEST_CUT": str(cut), "EVERGPU_EAGER": eager}).result
               for cut, eager in ((0, "0"), (1, "0"), (3, "0"), (0, "1"))]
    for a, b in itertools.combinations(results, 2):
        assert a == b
