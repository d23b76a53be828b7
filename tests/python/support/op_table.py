"""The ops under test and the dtypes each is registered for: the plug-in's own table. In a dry run,
the kernels of TensorFlow's CPU device for the ops that have cases."""

import functools
import itertools
import zlib

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import kernels, op_def_registry

from support.case import CASES
from support.device import DRY_RUN, describe

_DTYPES = [tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32,
                  tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64, tf.bool]

_NAMES = dict(zip("f16 bf16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool".split(), _DTYPES))


@functools.cache
def table():
    """{op: list of {attribute: NumPy dtype}}, every combination the op is registered for."""
    if DRY_RUN:
        return {op: _cpu_combinations(op) for op in sorted(CASES) if op_def_registry.get(op)}
    combinations = {}
    for row in describe("ops"):
        attributes = list(row["types"])
        for dtypes in itertools.product(*row["types"].values()):
            types = {a: np.dtype(_NAMES[d].as_numpy_dtype) for a, d in zip(attributes, dtypes)}
            listed = combinations.setdefault(row["op"], [])
            if _is_allowed(row["op"], types) and types not in listed:
                listed.append(types)
    return combinations


def _is_allowed(op, types):
    """A row may name dtypes that TensorFlow's op does not take, or of which it makes no variables
    on devices."""
    definition = op_def_registry.get(op)
    if definition.input_arg and (definition.input_arg[0].type == tf.resource.as_datatype_enum
                                 or definition.input_arg[0].is_ref):
        maker = "VariableV2" if definition.input_arg[0].is_ref else "VarHandleOp"
        dtype = types.get("dtype", types.get("T"))
        if dtype is not None and tf.as_dtype(dtype) not in _variable_dtypes(maker):
            return False
    for attribute in type_attributes(op):
        allowed = attribute.allowed_values.list.type
        if attribute.name in types and allowed and \
                tf.as_dtype(types[attribute.name]).as_datatype_enum not in allowed:
            return False
    return True


@functools.cache
def _variable_dtypes(maker):
    return {tf.as_dtype(t) for kernel in kernels.get_registered_kernels_for_op(maker).kernel
            if kernel.device_type in ("DEFAULT", "GPU")
            for constraint in kernel.constraint if constraint.name == "dtype"
            for t in constraint.allowed_values.list.type}


def type_attributes(op):
    return [a for a in op_def_registry.get(op).attr if a.type == "type"]


def _cpu_combinations(op):
    combinations = []
    for kernel in kernels.get_registered_kernels_for_op(op).kernel:
        if kernel.device_type != "CPU":
            continue
        limits = {c.name: [tf.as_dtype(t) for t in c.allowed_values.list.type]
                  for c in kernel.constraint}
        # One dtype for what a kernel leaves open, except for the attribute that means the data.
        choices = {}
        for attribute in type_attributes(op):
            allowed = [tf.as_dtype(t) for t in attribute.allowed_values.list.type]
            open_types = allowed or _DTYPES
            if attribute.name not in limits and attribute.name not in ("T", "SrcT", "DstT"):
                open_types = open_types[:1] if tf.int32 not in open_types else [tf.int32]
            choices[attribute.name] = [t for t in limits.get(attribute.name, open_types)
                                       if t in _DTYPES and (not allowed or t in allowed)]
        for dtypes in itertools.product(*choices.values()):
            types = {a: np.dtype(d.as_numpy_dtype) for a, d in zip(choices, dtypes)}
            if types not in combinations:
                combinations.append(types)
    return combinations


def with_defaults(op, types):
    """`types` and the attributes the table's row leaves open: indices and shapes are int32 for some
    rows and int64 for others, where the op takes both."""
    full = dict(types)
    label = op + "".join(dtype.name for dtype in types.values())
    for attribute in type_attributes(op):
        if attribute.name in full:
            continue
        allowed = [tf.as_dtype(t) for t in attribute.allowed_values.list.type]
        choices = [t for t in (tf.int32, tf.int64) if t in allowed]
        if choices:
            chosen = choices[zlib.crc32((label + attribute.name).encode()) % len(choices)]
            full[attribute.name] = np.dtype(chosen.as_numpy_dtype)
    return full
