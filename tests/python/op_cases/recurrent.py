"""Recurrent layers over whole sequences: cuDNN's ops by name."""

import numpy as np
import tensorflow as tf

from support.case import Call, case
from support.device import DEVICE, DRY_RUN
from support.recurrent import GATES, reference, weight_count

# steps, batch, size, units, layers, bidirectional
EXTENTS = ((1, 1, 1, 1, 1, False), (5, 3, 4, 2, 1, False), (3, 2, 5, 4, 2, True),
           (7, 1, 2, 3, 3, False), (2, 17, 13, 11, 1, True), (0, 2, 3, 2, 1, False),
           (3, 0, 3, 2, 1, True))
OPTIONS = dict(ulps=64, scale="max", gradient_ulps=128, reference=reference)


def _calls(c, version):
    # The versions differ in their arguments only.
    for steps, batch, size, units, layers, both in EXTENTS if version == 3 else EXTENTS[1:3]:
        for mode in GATES:
            directions = 2 if both else 1
            levels = layers * directions
            weights = weight_count(mode, size, units, layers, directions)
            state = (levels, batch, units)
            arguments = dict(
                input=c.array((steps, batch, size)),
                input_h=c.array(state, low=-1, high=1),
                input_c=c.array(state if mode == "lstm" else ()),
                params=c.array((weights,), low=-0.5, high=0.5),
                rnn_mode=mode, input_mode="linear_input",
                direction="bidirectional" if both else "unidirectional",
                dropout=0.0, seed=0, seed2=0)
            if version == 3:
                arguments.update(
                    sequence_lengths=c.random.integers(1, max(steps, 1) + 1, batch, np.int32),
                    num_proj=0, time_major=bool(c.random.integers(2)))
                if not arguments["time_major"]:
                    for name in ("input", "input_h", "input_c"):
                        if arguments[name].ndim == 3:
                            arguments[name] = arguments[name].swapaxes(0, 1).copy()
            yield arguments


def _version(op):
    return int(op[-1]) if op[-2] == "V" else 1


@case("CudnnRNN", "CudnnRNNV2", "CudnnRNNV3", outputs=3, **OPTIONS)
def forward(c):
    for arguments in _calls(c, _version(c.op)):
        yield Call(**arguments, is_training=True)


# What the device has reserved for its gradients is its own business, so it comes from there.
@case("CudnnRNNBackprop", "CudnnRNNBackpropV2", "CudnnRNNBackpropV3", gradient=False, **OPTIONS)
def backward(c):
    for arguments in _calls(c, _version(c.op)):
        compute = reference if DRY_RUN else (lambda op, a: getattr(tf.raw_ops, op)(**a))
        with tf.device(DEVICE):
            results = compute(c.op.replace("Backprop", ""), {**arguments, "is_training": True})
        y, h, cell, *private = (t.numpy() for t in results)
        yield Call(**arguments, output=y, output_h=h, output_c=cell,
                   output_backprop=c.array(y.shape), output_h_backprop=c.array(h.shape),
                   output_c_backprop=c.array(cell.shape), reserve_space=private[0],
                   **({"host_reserved": private[1]} if len(private) > 1 else {}))
