"""Kernels for int32 tensors, which TensorFlow keeps in host memory: shape arithmetic."""

import numpy as np
import tensorflow as tf

from default_kernels.registry import program

raw = tf.raw_ops
INT32 = ("int32",)


@program("Abs", "Neg", "Sign", "Square", "OnesLike", "ZerosLike", dtypes=INT32)
def unary(x):
    value = x.numpy()
    yield raw.Abs(x=x), np.abs(value)
    yield raw.Neg(x=x), -value
    yield raw.Sign(x=x), np.sign(value)
    yield raw.Square(x=x), value * value
    yield raw.OnesLike(x=x), np.ones_like(value)
    yield raw.ZerosLike(x=x), np.zeros_like(value)


@program("Add", "AddV2", "Sub", "Mul", "Div", "FloorDiv", "FloorMod", "Mod", "TruncateMod",
         "Maximum", "Minimum", "SquaredDifference", "Equal", "NotEqual", "Less", "LessEqual",
         "Greater", "GreaterEqual", dtypes=INT32)
def binary(x):
    a, b = x.numpy(), 3
    expected = {
        "Add": a + b, "AddV2": a + b, "Sub": a - b, "Mul": a * b, "Div": a // b, "FloorDiv": a // b,
        "FloorMod": a % b, "Mod": a % b, "TruncateMod": a % b, "Maximum": np.maximum(a, b),
        "Minimum": np.minimum(a, b), "SquaredDifference": (a - b) ** 2, "Equal": a == b,
        "NotEqual": a != b, "Less": a < b, "LessEqual": a <= b, "Greater": a > b,
        "GreaterEqual": a >= b}
    for op, value in expected.items():
        yield getattr(raw, op)(x=x, y=tf.constant(b)), value


@program("AddN", "Concat", "ConcatV2", "Slice", "Unpack", "Max", "Min", "Fill", "Where", "Unique",
         "InplaceAdd", "InplaceSub", "InplaceUpdate", "ParallelDynamicStitch", dtypes=INT32)
def arrays(x):
    value = x.numpy()
    yield raw.AddN(inputs=[x, x]), 2 * value
    yield raw.Concat(concat_dim=0, values=[x, x]), np.concatenate([value, value])
    yield raw.ConcatV2(values=[x, x], axis=1), np.concatenate([value, value], 1)
    yield raw.Slice(input=x, begin=[1, 0], size=[2, -1]), value[1:]
    yield from zip(raw.Unpack(value=x, num=3), value)
    yield raw.Max(input=x, axis=0), value.max(0)
    yield raw.Min(input=x, axis=[0, 1]), value.min()
    yield raw.Fill(dims=[2, 3], value=tf.constant(7)), np.full((2, 3), 7)
    yield raw.Where(condition=x), np.argwhere(value)
    yield raw.Unique(x=tf.reshape(x, [12])).y, value.reshape(12)
    rows, ones = tf.constant([1]), tf.ones((1, 4), tf.int32)
    yield raw.InplaceAdd(x=tf.constant(value), i=rows, v=ones), value + [[0], [1], [0]]
    yield raw.InplaceSub(x=tf.constant(value), i=rows, v=ones), value - [[0], [1], [0]]
    yield raw.InplaceUpdate(x=tf.constant(value), i=rows, v=ones)[1], np.ones(4)
    yield raw.ParallelDynamicStitch(indices=[[0, 2], [1]], data=[x[:2], x[2:]]), value[[0, 2, 1]]


@program("Range", "LinSpace", "InvertPermutation", "BroadcastArgs", "BroadcastGradientArgs",
         "ConcatOffset", dtypes=INT32)
def shape_arithmetic(x):
    yield raw.Range(start=1, limit=9, delta=3), np.array([1, 4, 7])
    yield raw.LinSpace(start=0.0, stop=1.0, num=3), np.array([0, 0.5, 1])
    yield raw.InvertPermutation(x=[2, 0, 1]), np.array([1, 2, 0])
    yield raw.BroadcastArgs(s0=[3, 1], s1=[4]), np.array([3, 4])
    yield from zip(raw.BroadcastGradientArgs(s0=[3, 1], s1=[4]), ([1], [0]))
    yield from zip(raw.ConcatOffset(concat_dim=0, shape=[[2, 3], [4, 3]]), ([0, 0], [2, 0]))
