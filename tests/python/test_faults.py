"""A hardware call that fails, wherever it is, ends in a Python exception that names an op; the
process lives, and after restoring the weights training goes on as if nothing had happened."""

import pytest

from support import process
from support.device import FULL

TRAIN = """
import os, re
import keras
from support import models
with tf.device(DEVICE):
    model, x, y, loss = models.build("convnet")
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
    start = model.get_weights()
    errors = []
    # The fault may come while the optimizer makes its variables, too: it is the only one.
    for attempt in range(3):
        try:
            model.set_weights(start)
            history = model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0).history
            weights = model.get_weights()
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
            continue
        break
    report({"errors": errors, "loss": history["loss"],
            "weights": float(sum(np.abs(w).sum() for w in weights))})
"""
POINTS = {"allocate": (1, 2, 5, 9, 14, 30), "upload": (1, 2, 3, 6, 12), "download": (1, 2, 3, 5),
          "compile": (1, 2, 5, 11, 20, 35), "launch": (1, 2, 3, 10, 40, 77, 120),
          "wait": (1, 2, 3, 7)}
# Keras changes its seeds while the model is made; without faults the result is this one's.
NO_FAULT = ""


def train(fault):
    return process.run(TRAIN, {"EVERGPU_FAULT": fault, "EVERGPU_THREADS": "1"}, timeout=150)


@pytest.fixture(scope="module")
def undisturbed():
    return train(NO_FAULT).result


def _faults():
    for point, numbers in POINTS.items():
        yield from (f"{point}:{n}" for n in (numbers if FULL else numbers[1:4:2]))


@pytest.mark.plugin
@pytest.mark.parametrize("fault", list(_faults()))
def test_training_survives(fault, undisturbed):
    found = train(fault).result
    # At most one exception for one fault; none where the run makes fewer such calls.
    assert len(found["errors"]) <= 1, found["errors"]
    for error in found["errors"]:
        assert "injected fault" in error, error
    assert found["loss"] == undisturbed["loss"]
    assert found["weights"] == undisturbed["weights"]


EAGER = """
problems, named = [], 0
with tf.device(DEVICE):
    keep = tf.Variable(tf.ones((4, 4)))
    for attempt in range(200):
        try:
            x = tf.constant(np.full((4, 4), attempt, np.float32))
            y = tf.linalg.matmul(x, keep) + 1.0
            expected = np.full((4, 4), attempt * 4 + 1, np.float32)
            if (y.numpy() != expected).any():
                problems.append(attempt)
        except tf.errors.OpError as error:
            named += 1
            text = str(error)
            if "injected fault" not in text:
                problems.append(text)
            try:
                keep.assign(np.ones((4, 4), np.float32))
            except tf.errors.OpError:
                keep.assign(np.ones((4, 4), np.float32))
    report({"errors": named, "problems": problems, "last": text if named else ""})
"""


@pytest.mark.plugin
@pytest.mark.parametrize("fault", ["launch:4", "launch:50", "compile:1", "compile:2", "upload:3",
                                   "download:5", "allocate:6", "wait:3"])
def test_eager_errors_name_the_op(fault):
    found = process.run(EAGER, {"EVERGPU_FAULT": fault}).result
    assert found["problems"] == []
    assert found["errors"] >= 1
    if fault.startswith(("launch", "compile")):
        names = ("MatMul", "AddV2", "Fill", "Const", "AssignVariableOp")
        assert any(name in found["last"] for name in names), found["last"]


@pytest.mark.plugin
def test_a_failed_variable_stays_so_until_it_is_assigned():
    child = process.run("""
        with tf.device(DEVICE):
            v = tf.Variable([1.0, 2.0, 3.0])
            w = tf.Variable([5.0, 5.0, 5.0])
            w.numpy()
            outcomes = []
            def attempt(read):
                try:
                    outcomes.append(read().tolist())
                except tf.errors.OpError as error:
                    outcomes.append("injected fault" in str(error))
            v.assign_add(tf.exp(v) * 0.0 + 1.0)
            attempt(v.numpy)
            attempt(v.numpy)
            attempt(lambda: (v + 1.0).numpy())
            attempt(w.numpy)
            v.assign([7.0, 8.0, 9.0])
            attempt(v.numpy)
            report(outcomes)
        """, {"EVERGPU_FAULT": "launch:1"})
    outcomes = child.result
    assert outcomes[:3] == [True, True, True], outcomes
    assert outcomes[3:] == [[5, 5, 5], [7, 8, 9]], outcomes


@pytest.mark.plugin
def test_a_malformed_fault_is_refused():
    child = process.run("report([d.name for d in tf.config.list_physical_devices('GPU')])\n"
                        "with tf.device('/GPU:0'): tf.ones(3).numpy()",
                        {"EVERGPU_FAULT": "lunch:1"}, timeout=60)
    assert not child.timed_out and child.code >= 0
    assert "EVERGPU_FAULT" in child.stderr
