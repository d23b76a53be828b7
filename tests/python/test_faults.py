"""A hardware call that fails, wherever it is, ends in a Python exception that names an op; the
process lives, and after restoring the weights training goes on as if nothing had happened."""

import re

import pytest

from support import process
from support.device import FULL

TRAIN = """
import keras
from support import models

def prepare():
    model, x, y, loss = models.build("convnet")
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
    model.optimizer.build(model.trainable_variables)
    variables = list(model.variables) + list(model.optimizer.variables)
    return model, x, y, variables, [np.array(v) for v in variables]

with tf.device(DEVICE):
    errors, prepared, finished = [], None, None
    for attempt in range(3):  # one fault, so the second attempt at the latest succeeds
        try:
            prepared = prepared or prepare()
            model, x, y, variables, start = prepared
            for variable, value in zip(variables, start):
                variable.assign(value)
            history = model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0).history
            finished = {"loss": history["loss"],
                        "weights": float(sum(np.abs(w).sum() for w in model.get_weights()))}
            break
        except tf.errors.OpError as error:
            errors.append(str(error))
    report({"errors": errors, "finished": finished})
"""
# Which call of each kind fails; in quick mode the last alone.
POINTS = {"allocate": (1, 2, 5, 9, 14, 30), "upload": (1, 2, 3, 6, 8), "download": (1, 2, 5, 3),
          "compile": (1, 2, 5, 11, 20, 30), "launch": (1, 2, 3, 10, 25, 57, 40), "wait": (1, 3, 2)}


def train(fault):
    return process.run(TRAIN, {"EVERGPU_FAULT": fault, "OMP_NUM_THREADS": "1"}, timeout=150)


@pytest.fixture(scope="module")
def undisturbed():
    return train("").result


def _faults():
    for point, numbers in POINTS.items():
        yield from (f"{point}:{n}" for n in (numbers if FULL else numbers[-1:]))


@pytest.mark.plugin
@pytest.mark.parametrize("fault", list(_faults()))
def test_training_survives(fault, undisturbed):
    found = train(fault).result
    # One exception for one fault; who waits, and how often, is the threads' business.
    assert len(found["errors"]) <= 1, found["errors"]
    for error in found["errors"]:
        # A tensor that is read back just as it came from the host was made by no op.
        named = r"(\(\w+\)|copy to the device): injected fault"
        assert re.search(named, error), error
    # A kernel that does not compile is cut, where it is of several operations.
    if not fault.startswith(("wait", "compile")):
        assert found["errors"], "nothing failed"
    assert found["finished"] == undisturbed["finished"]


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
@pytest.mark.parametrize("fault", ["launch:4", "compile:2", "download:5"] + FULL * [
    "launch:50", "compile:1", "upload:3", "allocate:6", "wait:3"])
def test_eager_errors_name_the_op(fault):
    found = process.run(EAGER, {"EVERGPU_FAULT": fault}).result
    assert found["problems"] == []
    assert found["errors"] >= (0 if fault.startswith("compile") else 1)
    if found["errors"] and fault.startswith(("launch", "compile")):
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
