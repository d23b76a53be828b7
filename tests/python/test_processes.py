"""Ends and neighbours of a process: leaving in mid-step, Ctrl-C, fork, two at once."""

import os
import signal
import time

import pytest

from support import process

pytestmark = pytest.mark.plugin

BUSY = """
with tf.device(DEVICE):
    x = tf.random.stateless_normal((256, 256), (1, 2))
    for _ in range(200):
        x = tf.tanh(tf.linalg.matmul(x, x) * 0.1)
"""


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "y = x * 2.0", "import os; os._exit(0)",
                                    "import threading; threading.Thread(target=lambda: (x @ x)"
                                    ".numpy()).start()"])
def test_leaving_in_mid_step(ending):
    child = process.run(BUSY + ending, timeout=180)
    assert child.code == 0 and not child.timed_out, str(child)


def test_an_exception_in_mid_step():
    child = process.run(BUSY + "raise RuntimeError('enough')", timeout=180)
    assert child.code == 1 and "enough" in child.stderr, str(child)


FIT = """
import signal
import keras
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background ignores it
from support import models
model, x, y, loss = models.build("convnet")
model.compile(optimizer="adam", loss=loss)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).repeat()
model.fit(data, shuffle=False, steps_per_epoch=3, verbose=0)
report("training")
try:
    model.fit(data, shuffle=False, steps_per_epoch=1000000, epochs=1, verbose=0)
except KeyboardInterrupt:
    report("interrupted")
report(bool(np.isfinite(model.predict(x, verbose=0)).all()))
"""


def test_control_c_in_fit():
    child = process.start(FIT)
    line = ""
    while "training" not in line:
        line = child.stdout.readline()
        assert line, child.stderr.read()
    time.sleep(1.5)
    os.kill(child.pid, signal.SIGINT)
    result = process.finish(child, timeout=180)
    assert result.code == 0 and not result.timed_out, str(result)
    assert result.reports == ["interrupted", True], str(result)


FORK = """
import os
with tf.device(DEVICE):
    x = tf.ones((64, 64)) * 2
    x.numpy()
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            with tf.device(DEVICE):
                (x + 1.0).numpy()
            code = 4
        except Exception as error:
            print("CHILD", error, flush=True)
            code = 5
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    report([os.waitstatus_to_exitcode(status), float(tf.reduce_sum(x))])
"""


def test_fork_after_use():
    """The child cannot use the device, and says so; the parent goes on."""
    child = process.run(FORK, timeout=180)
    code, total = child.result
    assert total == 2.0 * 64 * 64
    assert code == 5 and "forked child" in child.stderr, str(child)


def test_data_loading_processes():
    """multiprocessing with spawn, as data loaders use it, beside a device in use."""
    child = process.run("""
        import multiprocessing, operator
        with tf.device(DEVICE):
            tf.ones((8, 8)).numpy()
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            report(pool.map(operator.neg, range(4)))
        """, timeout=180)
    assert child.result == [0, -1, -2, -3]


def test_two_processes_at_once():
    children = [process.start(BUSY + "report(float(tf.reduce_sum(x)))") for _ in range(2)]
    results = [process.finish(child, timeout=240).result for child in children]
    assert results[0] == results[1]
