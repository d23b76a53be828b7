"""How the op sweep's cases are written: one generator of calls an op.

    @case("MatMul", ulps=32, scale="max")
    def matmul(c):
        yield Call(a=c.array((3, 5)), b=c.array((5, 2)))

A call's keyword arguments are those of tf.raw_ops: NumPy arrays (and lists of them) become tensors,
a `Variable` becomes a resource variable whose value is compared after the call, all else is an
attribute.
"""

import dataclasses
import zlib

import ml_dtypes
import numpy as np

CASES = {}

HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))
FLOATS = (*HALVES, np.dtype(np.float32), np.dtype(np.float64))

SHAPES = ((), (1,), (0,), (7,), (1031,), (3, 5), (2, 0, 3), (4, 1, 6), (2, 3, 1, 2, 2, 3),
          (1, 2, 1, 3, 1, 2, 1, 2))
BROADCASTS = (((), ()), ((1,), (1,)), ((7,), ()), ((), (3, 5)), ((3, 1), (1, 4)), ((2, 3, 4), (4,)),
              ((3,), (2, 4, 3)), ((0, 3), (1, 3)), ((1,), (0,)), ((17, 13), (17, 1)),
              ((2, 1, 3, 1), (4, 1, 5)), ((2, 3, 1, 1, 2, 2), (1, 1, 2, 2, 2, 2)),
              ((257,), (257,)), ((1, 2, 1, 3, 1, 2, 1, 2), (1, 2, 1, 3, 1, 2, 1, 2)))


@dataclasses.dataclass
class Options:
    """How results are compared. `ulps` units in the last place of max(|reference|, scale); scale
    "max" is the largest reference magnitude. `exact` compares bits."""

    ulps: float = 8
    scale: object = 0.0
    exact: bool = False
    widen: bool = True  # the reference is computed in a wider dtype, where there is one
    gradient: bool = True  # where TensorFlow has one
    gradient_ulps: float = 64
    compare: bool = True  # False: only shapes and dtypes (uninitialised results)
    outputs: int = 100  # how many are compared; those behind are private to the device
    reference: object = None  # computes what the CPU device has no kernel for: support/reference.py


class Variable:
    """An argument that is a resource variable with this value."""

    def __init__(self, value):
        self.value = value


class ReferenceVariable(Variable):
    """An argument that is a reference variable of TensorFlow 1: the call runs in a session."""


class Call:
    """One call of an op."""

    def __init__(self, **arguments):
        self.arguments = arguments
        self.changes = {}

    def options(self, **changes):
        """This call, with some of its case's options changed."""
        self.changes = changes
        return self

    def __str__(self):
        def show(value):
            if isinstance(value, Variable):
                return "variable " + show(value.value)
            if isinstance(value, np.ndarray):
                return f"{value.dtype.name}{list(value.shape)}"
            if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
                return "[" + ", ".join(map(show, value)) + "]"
            return repr(value)
        return ", ".join(f"{name}={show(value)}" for name, value in self.arguments.items())


@dataclasses.dataclass
class Case:
    op: str
    generate: object
    options: Options


def case(*ops, **options):
    """Registers a generator of calls for these ops."""
    def register(generate):
        for op in ops:
            assert op not in CASES, f"{op} has two cases"
            CASES[op] = Case(op, generate, Options(**options))
        return generate
    return register


class Context:
    """What a generator draws its arguments from: the op's name, its dtypes by attribute, values."""

    def __init__(self, op, types, seed):
        self.op = op
        self.types = types
        label = op + "".join(f"{name}{dtype.name}" for name, dtype in sorted(types.items()))
        self.random = np.random.default_rng([seed, zlib.crc32(label.encode())])

    def __getitem__(self, attribute):
        """The NumPy dtype of a type attribute."""
        return self.types[attribute]

    def get(self, attribute, default=np.int32):
        return self.types.get(attribute, np.dtype(default))

    def _dtype(self, dtype):
        if isinstance(dtype, str):
            return self.types[dtype]
        return np.dtype(dtype)

    def array(self, shape, dtype="T", low=None, high=None):
        """Values of moderate size, none exactly zero where floating."""
        dtype = self._dtype(dtype)
        if dtype == np.bool_:
            return self.random.random(shape) < 0.5
        if dtype in FLOATS:
            low, high = -2 if low is None else low, 2 if high is None else high
            values = self.random.uniform(low, high, shape)
            return np.asarray(np.where(values == 0, 0.5, values)).astype(dtype)
        signed = np.issubdtype(dtype, np.signedinteger)
        low, high = (-10 if signed else 0) if low is None else low, 11 if high is None else high
        return np.asarray(self.random.integers(low, high, shape)).astype(dtype)

    def distinct(self, shape, dtype="T"):
        """No two values equal: for maxima, sorting and their gradients."""
        size = int(np.prod(shape))
        values = self.random.permutation(size)
        dtype = self._dtype(dtype)
        if dtype in FLOATS:
            return ((values - size / 2) / 8).reshape(shape).astype(dtype)
        return (values % 120).reshape(shape).astype(dtype)

    def quarters(self, shape, dtype="T", low=-6, high=6):
        """Multiples of 1/4, which every dtype holds exactly; integers where dtype is one."""
        dtype = self._dtype(dtype)
        if dtype in FLOATS:
            return (self.random.integers(low * 4, high * 4 + 1, shape) / 4).astype(dtype)
        if np.issubdtype(dtype, np.unsignedinteger):
            low = max(low, 0)
        return np.asarray(self.random.integers(low, high + 1, shape)).astype(dtype)

    def bits(self, shape, dtype="T"):
        """Integers of the whole range."""
        dtype = self._dtype(dtype)
        if dtype == np.bool_:
            return self.array(shape, dtype)
        limits = np.iinfo(dtype)
        return self.random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)

    def specials(self, dtype="T"):
        """NaN, infinities, both zeros, large and small values."""
        dtype = self._dtype(dtype)
        if dtype not in FLOATS:
            limits = np.iinfo(dtype)
            return np.array([limits.min, 0, 1, 2, limits.max - 1, limits.max], dtype)
        limits = ml_dtypes.finfo(dtype)
        return np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5,
                         float(limits.max), -float(limits.max), float(limits.smallest_normal) * 4,
                         -float(limits.smallest_normal) * 4]).astype(dtype)

    def integers(self, values, attribute):
        """Integer arguments in the dtype of an attribute (int32 where the plug-in leaves it open)."""
        return np.array(values, self.get(attribute))

    def tf_dtype(self, attribute):
        """The TensorFlow dtype of a type attribute."""
        import tensorflow as tf
        return tf.as_dtype(self.types[attribute])
