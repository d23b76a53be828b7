"""Runs the programs from the one named on, saying which it starts before it does: the parent names
the one that crashed and starts a new process behind it."""

import contextlib
import json

import numpy as np
import tensorflow as tf

from tensorflow.python.framework import op_callbacks

from default_kernels.registry import MADE_BY_THE_RUNTIME, PROGRAMS
from support.device import DEVICE


def steps():
    """Every (program, dtype), in an order that is the same in every process."""
    return [(name, dtype) for name, (_, _, dtypes) in sorted(PROGRAMS.items()) for dtype in dtypes]


def run(first, stop):
    """Runs steps [first, stop), printing a line of JSON before and after each."""
    tf.config.set_soft_device_placement(False)
    for number, (name, dtype) in enumerate(steps()[first:stop], first):
        print(json.dumps({"start": number}), flush=True)
        print(json.dumps({"end": number, "problem": _problem(name, dtype)}), flush=True)


def _problem(name, dtype):
    """None, or what went wrong. A dtype for which TensorFlow has no kernel is not a problem, unless
    it is the program's main one: nothing would be tested."""
    function, ops, dtypes = PROGRAMS[name]
    main = "float32" if "float32" in dtypes else dtypes[0]
    if dtype != main:
        return _first_problem(function, dtype, required=False)
    with called_ops() as called:
        problem = _first_problem(function, dtype, required=True)
    left_out = set(ops) - called - MADE_BY_THE_RUNTIME
    return problem or (f"does not call {sorted(left_out)}" if left_out else None)


@contextlib.contextmanager
def called_ops():
    """The set of the ops that are called, eagerly or in a graph, while the context lasts."""
    called = set()

    def note(op, *_arguments, **_named):
        called.add(op.decode() if isinstance(op, bytes) else op)
    op_callbacks.add_op_callback(note)
    try:
        yield called
    finally:
        op_callbacks.remove_op_callback(note)


def _first_problem(function, dtype, required):
    values = np.arange(12).reshape(3, 4).astype(tf.as_dtype(dtype).as_numpy_dtype)
    with tf.device(DEVICE):
        try:
            for index, item in enumerate(function(tf.constant(values))):
                problem = _difference(item, required)
                if problem:
                    return f"result {index}: {problem}"
        except Exception as error:  # whatever it is, the parent reports it by the program's name
            return _explained(error, required)
    return None


def _difference(item, required):
    """An item is (tensor, expected), or a function that makes it and may find no kernel."""
    try:
        tensor, expected = item() if callable(item) else item
    except Exception as error:  # as above
        return _explained(error, required)
    found, expected = np.asarray(tensor), np.asarray(expected)
    if found.shape != expected.shape or not (found == expected).all():
        return f"is {found.tolist()}, expected {expected.tolist()}"
    return None


def _explained(error, required):
    text = f"{type(error).__name__}: {error}"
    no_kernel = any(words in text for words in (
        "Could not find device", "No OpKernel was registered", "Cannot assign a device",
        "Could not satisfy device specification", "Could not satisfy explicit device"))
    return None if no_kernel and not required else text
