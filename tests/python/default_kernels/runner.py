"""Runs the programs from the one named on, saying which it starts before it does: the parent names
the one that crashed and starts a new process behind it."""

import json

import numpy as np
import tensorflow as tf

from default_kernels.registry import PROGRAMS
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
    """None, or what went wrong. A dtype for which TensorFlow has no kernel is not a problem."""
    try:
        with tf.device(DEVICE):
            values = np.arange(12).reshape(3, 4)
            x = tf.constant(values.astype(tf.as_dtype(dtype).as_numpy_dtype))
            for index, (tensor, expected) in enumerate(PROGRAMS[name][0](x)):
                found = np.asarray(tensor)
                if found.shape != np.shape(expected) or not (found == expected).all():
                    return f"result {index} is {found}, expected {np.asarray(expected)}"
    except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as error:
        text = str(error)
        if dtype == _main_dtype(name):
            return text  # where one op has no kernel, those behind it do not get their turn
        if "Could not find device" in text or "No OpKernel was registered" in text \
                or "Cannot assign a device" in text:
            return None
        return text
    except Exception as error:  # whatever it is, the parent reports it by the program's name
        return f"{type(error).__name__}: {error}"
    return None


def _main_dtype(name):
    dtypes = PROGRAMS[name][2]
    return "float32" if "float32" in dtypes else dtypes[0]
