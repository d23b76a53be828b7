"""Kernels that pass a tensor on, or look at its shape alone."""

import numpy as np
import tensorflow as tf

from default_kernels.registry import in_session, program

raw = tf.raw_ops


@program("Identity", "IdentityN", "StopGradient", "PreventGradient", "EnsureShape", "Const",
         "DebugGradientIdentity", "PlaceholderWithDefault")
def passing_on(x):
    value = x.numpy()
    yield tf.identity(x), value
    yield from ((t, value) for t in tf.identity_n([x, x]))
    yield tf.stop_gradient(x), value
    yield raw.PreventGradient(input=x), value
    yield tf.ensure_shape(x, (3, None)), value
    yield tf.constant(value), value
    yield in_session(x, lambda fed: [tf.constant(value)])[0], value
    yield raw.DebugGradientIdentity(input=x), value
    yield raw.PlaceholderWithDefault(input=x, shape=[3, 4]), value


@program("Reshape", "ExpandDims", "Squeeze", "Shape", "ShapeN", "Size", "Rank")
def shapes(x):
    value = x.numpy()
    yield tf.reshape(x, (2, 6)), value.reshape(2, 6)
    yield tf.reshape(x, tf.constant((12,), tf.int64)), value.reshape(12)
    yield tf.expand_dims(x, 1), value[:, None]
    yield tf.squeeze(tf.expand_dims(x, 0), 0), value
    for kind in (tf.int32, tf.int64):
        yield tf.shape(x, kind), np.array((3, 4))
        yield from ((t, np.array((3, 4))) for t in tf.shape_n([x, x], kind))
        yield raw.Size(input=x, out_type=kind), np.array(12)
    yield raw.Rank(input=x), np.array(2)
