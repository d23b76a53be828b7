"""Runs a call of the op sweep on the device under test and on TensorFlow's CPU device, and compares.

The reference is computed in a wider dtype where the CPU device has one: f16 and bf16 in f32, f32 in
f64, and rounded once.
"""

import contextlib

import ml_dtypes
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops as tf_ops

from support.case import FLOATS, HALVES, ReferenceVariable, Variable
from support.reference import raw

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_INTEGERS = [np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16,
                                   np.uint32, np.uint64)]
_TO_F32 = {half: _F32 for half in HALVES}
WIDENINGS = (
    {_F32: _F64, **_TO_F32},
    _TO_F32,
    {half: _F64 for half in HALVES},
    {},
    {_F64: _F32},
    {integer: np.dtype(np.int64) for integer in _INTEGERS},
    {integer: _F64 for integer in _INTEGERS},
    {integer: _F32 for integer in _INTEGERS},
    {np.dtype(np.bool_): np.dtype(np.uint8)},
)
# Where results depend on the dtype, another one is the last resort.
OWN_DTYPE_FIRST = ({}, *(w for w in WIDENINGS if w))
_widening_of = {}


class Results:
    """Outputs and gradients of one call, as NumPy arrays."""

    def __init__(self, outputs, gradients, devices):
        self.outputs = outputs
        self.gradients = gradients
        self.devices = devices


def has_gradient(op):
    try:
        return tf_ops.gradient_registry.lookup(op) is not None
    except LookupError:
        return False


def is_floating(arguments):
    """Whether any tensor among the arguments is."""
    return any(value.dtype in FLOATS for value in tf.nest.flatten(arguments)
               if isinstance(value, np.ndarray))


def run(op, arguments, device, gradient, compute=raw):
    """Runs one op (and its gradient for seeded upstream gradients) eagerly on a device."""
    tf.config.set_soft_device_placement(False)
    if any(isinstance(value, ReferenceVariable) for value in arguments.values()):
        return _run_in_session(op, arguments, device, compute)
    with tf.device(device):
        tensors, variables = {}, []
        for name, value in arguments.items():
            if isinstance(value, Variable):
                variables.append(tf.Variable(value.value))
                tensors[name] = variables[-1].handle
            else:
                tensors[name] = _to_tensors(value)
        inputs = [t for t in tf.nest.flatten(tensors)
                  if isinstance(t, tf.Tensor) and t.dtype.is_floating]
        with tf.GradientTape() if gradient else contextlib.nullcontext() as tape:
            if gradient:
                tape.watch(inputs)
            outputs = compute(op, tensors)
        outputs = [] if outputs is None or isinstance(outputs, tf.Operation) else outputs
        outputs = [t for t in tf.nest.flatten(outputs)] + [v.read_value() for v in variables]
        gradients = []
        if gradient and inputs:
            gradients = _gradients(tape, outputs, inputs)
        devices = [t.device for t in outputs]
        # A variable must leave its device's memory before the next call reuses its name.
        return Results([_to_numpy(t) for t in outputs], [_to_numpy(t) for t in gradients], devices)


def _run_in_session(op, arguments, device, compute):
    """The same in a graph of TensorFlow 1. Its output is a reference to a variable."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), tf.device(device):
        tensors, variables = {}, []
        for name, value in arguments.items():
            if isinstance(value, ReferenceVariable):
                variables.append(v1.Variable(value.value, use_resource=False))
                tensors[name] = variables[-1]._ref()
            else:
                tensors[name] = _to_tensors(value)
        output = compute(op, tensors)
        with tf.control_dependencies([output]):
            results = [tf.identity(v._ref()) for v in variables]
        config = v1.ConfigProto(allow_soft_placement=False)
        with v1.Session(config=config) as session:
            session.run(v1.global_variables_initializer())
            return Results(session.run(results), [], [output.device])


def _to_tensors(value):
    if isinstance(value, np.ndarray):
        return tf.constant(value)
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [tf.constant(v) for v in value]
    return value


def _to_numpy(tensor):
    return None if tensor is None else tf.convert_to_tensor(tensor).numpy()


def _gradients(tape, outputs, inputs):
    floating = [t for t in outputs if t.dtype.is_floating]
    if not floating:
        return []
    random = np.random.default_rng(1)
    upstream = [tf.constant(np.asarray(random.integers(-8, 9, t.shape) / 8)
                            .astype(t.dtype.as_numpy_dtype)) for t in floating]
    return tape.gradient(floating, inputs, output_gradients=upstream)


def reference(op, key, arguments, gradient, options):
    """The call on TensorFlow's CPU device, in the widest arithmetic it has kernels for."""
    candidates = WIDENINGS if options.widen and not options.exact else OWN_DTYPE_FIRST
    key = (candidates is WIDENINGS, *key)
    if key in _widening_of:
        candidates = (_widening_of[key], *candidates)
    error = None
    for widening in candidates:
        try:
            result = run(op, _widened(arguments, widening), "/CPU:0", gradient,
                         options.reference or raw)
        except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError,
                tf.errors.UnimplementedError) as e:
            error = error or e
            continue
        _widening_of[key] = widening
        return result
    raise error


def _widened(arguments, widening):
    def widen(value):
        if isinstance(value, Variable):
            return type(value)(widen(value.value))
        if isinstance(value, list):
            return [widen(v) for v in value]
        if isinstance(value, np.ndarray) and value.dtype in widening:
            return value.astype(widening[value.dtype])
        if isinstance(value, tf.DType) and value.is_numpy_compatible:
            numpy = np.dtype(value.as_numpy_dtype)
            return tf.as_dtype(widening.get(numpy, numpy))
        return value
    return {name: widen(value) for name, value in arguments.items()}


def difference(actual, expected, options, ulps):
    """None where `actual` is close enough to `expected`, else a sentence."""
    if actual is None or expected is None:
        return None if actual is expected else f"one is None: {actual}, {expected}"
    if actual.shape != expected.shape:
        return f"shape {actual.shape}, expected {expected.shape}"
    if not options.compare or actual.size == 0:
        return None
    if actual.dtype not in FLOATS or options.exact:
        expected = expected.astype(actual.dtype)
        bits = f"u{actual.dtype.itemsize}"
        unequal = np.asarray(actual).view(bits) != np.asarray(expected).view(bits) \
            if actual.dtype in FLOATS else actual != expected
        if actual.dtype in FLOATS:
            unequal &= ~(np.isnan(actual.astype(_F64)) & np.isnan(expected.astype(_F64)))
        return _worst(actual, expected, unequal.astype(_F64)) if unequal.any() else None
    limits = ml_dtypes.finfo(actual.dtype)
    epsilon = float(limits.eps)
    if expected.dtype in FLOATS:  # the reference may know only a narrower dtype
        epsilon = max(epsilon, float(ml_dtypes.finfo(expected.dtype).eps))
    with np.errstate(all="ignore"):
        expected = expected.astype(actual.dtype).astype(_F64)
        found = actual.astype(_F64)
        finite = np.abs(expected)[np.isfinite(expected)]
        scale = finite.max(initial=0) if options.scale == "max" else options.scale
        floor = max(scale, float(limits.smallest_normal) / epsilon)
        error = np.abs(found - expected) / (epsilon * np.maximum(np.abs(expected), floor))
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        error = np.where(same, 0, np.where(np.isfinite(error), error, np.inf))
    return _worst(actual, expected, error) if (error > ulps).any() else None


def _worst(actual, expected, error):
    at = np.unravel_index(np.argmax(error), error.shape)
    return (f"at {tuple(map(int, at))}: {actual[at]}, expected {expected[at]}; "
            f"worst of {int((error > 0).sum())} differing of {error.size}, {error[at]:.3g} ulps")
