"""Ops that move, make or cut tensors: all compare bit by bit."""

import numpy as np
import tensorflow as tf

from support import reference
from support.case import SHAPES, Call, case


@case("Fill", exact=True)
def fill(c):
    for shape in SHAPES:
        yield Call(dims=c.integers(shape, "index_type"), value=c.array(()))


@case("Empty", compare=False)
def empty(c):
    for shape in SHAPES:
        yield Call(shape=np.array(shape, np.int32), dtype=tf.as_dtype(c["dtype"]), init=False)


@case("Range", exact=True, gradient=False)
def range_of(c):
    for start, limit, delta in ((0, 7, 1), (3, 3, 1), (1, 18, 5), (9, -4, -3), (5, 0, -1)):
        if delta < 0 and np.issubdtype(c["Tidx"], np.unsignedinteger):
            continue
        yield Call(start=c.integers(start, "Tidx"), limit=c.integers(limit, "Tidx"),
                   delta=c.integers(delta, "Tidx"))


@case("LinSpace", ulps=8, scale=1, gradient=False)
def lin_space(c):
    for count in (1, 2, 7):
        yield Call(start=c.array(()), stop=c.array(()), num=np.array(count, np.int32))


@case("Transpose", "ConjugateTranspose", exact=True)
def transpose(c):
    for shape in SHAPES:
        yield Call(x=c.array(shape), perm=c.integers(c.random.permutation(len(shape)), "Tperm"))
    for permutation in ((1, 0), (0, 1)):
        yield Call(x=c.array((37, 53)), perm=c.integers(permutation, "Tperm"))
    for permutation in ((0, 3, 1, 2), (0, 2, 3, 1), (3, 2, 1, 0)):
        yield Call(x=c.array((2, 5, 7, 3)), perm=c.integers(permutation, "Tperm"))


@case("Tile", exact=True, gradient_ulps=64)
def tile(c):
    for shape, multiples in (((), ()), ((1,), (5,)), ((0,), (3,)), ((3, 5), (2, 1)), ((3, 5), (0, 2)),
                             ((2, 3, 4), (1, 2, 3)), ((2, 1, 2, 1, 2), (1, 3, 1, 2, 2))):
        yield Call(input=c.array(shape), multiples=c.integers(multiples, "Tmultiples"))


@case("BroadcastTo", exact=True)
def broadcast_to(c):
    for shape, target in (((), ()), ((), (3, 4)), ((1,), (7,)), ((3, 1), (3, 5)), ((4,), (2, 3, 4)),
                          ((1, 3), (0, 3)), ((2, 1, 3, 1), (2, 4, 3, 5)),
                          ((1, 1, 1, 2, 3, 2), (3, 2, 3, 2, 3, 2))):
        yield Call(input=c.array(shape), shape=c.integers(target, "Tidx"))


PADDINGS = (((), np.zeros((0, 2))), ((1,), [[0, 0]]), ((3,), [[2, 1]]), ((0,), [[1, 2]]),
            ((3, 5), [[0, 2], [3, 0]]), ((2, 3, 4), [[1, 1], [0, 0], [2, 3]]),
            ((2, 1, 3, 1, 2), [[1, 0], [0, 1], [0, 0], [2, 2], [1, 1]]))


@case("Pad", "PadV2", exact=True)
def pad(c):
    for shape, paddings in PADDINGS:
        extra = {"constant_values": c.array(())} if c.op == "PadV2" else {}
        yield Call(input=c.array(shape), paddings=c.integers(paddings, "Tpaddings"), **extra)


@case("MirrorPad", exact=True, gradient_ulps=64)
def mirror_pad(c):
    for mode, amounts in (("REFLECT", [[2, 1], [0, 3]]), ("SYMMETRIC", [[3, 1], [2, 4]])):
        yield Call(input=c.array((3, 4)), paddings=c.integers(amounts, "Tpaddings"), mode=mode)
        yield Call(input=c.array((5,)), paddings=c.integers([[0, 4]], "Tpaddings"), mode=mode)


@case("MirrorPadGrad", ulps=32, scale="max", gradient=False)
def mirror_pad_gradient(c):
    for mode, amounts in (("REFLECT", [[2, 1], [0, 3]]), ("SYMMETRIC", [[3, 1], [2, 4]])):
        shape = tuple(n + sum(pair) for n, pair in zip((3, 4), amounts))
        yield Call(input=c.array(shape), paddings=c.integers(amounts, "Tpaddings"), mode=mode)


@case("Slice", exact=True)
def slices(c):
    for shape, begin, size in (((7,), (2,), (3,)), ((7,), (0,), (-1,)), ((0,), (0,), (0,)),
                               ((3, 5), (1, 0), (2, 5)), ((3, 5), (0, 4), (-1, 1)),
                               ((4, 5, 6), (1, 2, 3), (2, 0, 3)),
                               ((2, 3, 2, 3, 2, 3), (0, 1, 0, 1, 0, 1), (1, 2, 2, 1, 2, 2))):
        yield Call(input=c.array(shape), begin=c.integers(begin, "Index"),
                   size=c.integers(size, "Index"))


# shape, begin, end, strides, masks
STRIDED = (
    ((7,), (1,), (6,), (2,), {}), ((7,), (6,), (0,), (-2,), {}), ((7,), (3,), (4,), (1,),
                                                                   {"shrink_axis_mask": 1}),
    ((7,), (0,), (0,), (1,), {"begin_mask": 1, "end_mask": 1}), ((7,), (5,), (2,), (1,), {}),
    ((4, 5), (0, 0), (0, 0), (1, -1), {"begin_mask": 3, "end_mask": 3}),
    ((4, 5), (-1, 0), (0, 3), (1, 1), {"shrink_axis_mask": 1}),
    ((4, 5), (1, 0), (3, 0), (1, 1), {"ellipsis_mask": 2}),
    ((4, 5), (0, 0, 1), (4, 0, 5), (1, 1, 2), {"new_axis_mask": 2}),
    ((3, 4, 5, 6), (1, 0, 2), (3, 0, 5), (1, 1, 2), {"ellipsis_mask": 2}),
    ((2, 3, 2, 3), (0, 2, 0, 0), (2, 0, 2, 3), (1, -1, 1, 2), {}),
)


def _strided(c):
    for whole, begin, end, strides, masks in STRIDED:
        yield whole, dict(begin=c.integers(begin, "Index"), end=c.integers(end, "Index"),
                          strides=c.integers(strides, "Index"), **masks)


@case("StridedSlice", exact=True)
def strided_slice(c):
    for shape, arguments in _strided(c):
        yield Call(input=c.array(shape), **arguments)


def slice_shape(shape, arguments):
    with tf.device("/CPU:0"):
        return tuple(tf.raw_ops.StridedSlice(input=tf.zeros(shape), **arguments).shape)


@case("StridedSliceGrad", exact=True)
def strided_slice_gradient(c):
    for shape, arguments in _strided(c):
        yield Call(shape=c.integers(shape, "Index"), dy=c.array(slice_shape(shape, arguments)),
                   **arguments)


@case("TensorStridedSliceUpdate", exact=True)
def tensor_strided_slice_update(c):
    for shape, arguments in _strided(c):
        yield Call(input=c.array(shape), value=c.array(slice_shape(shape, arguments)), **arguments)


DYNAMIC_SLICES = (((5,), (3,), (1,)), ((5,), (3,), (4,)), ((4, 3), (2, 2), (-1, 1)), ((2, 3, 4), (2, 1, 3), (0, 2, 0)),
                  ((3, 2), (0, 2), (1, 0)), ((0, 3), (0, 2), (0, 1)))


@case("XlaDynamicSlice", exact=True, gradient=False, reference=reference.dynamic_slices)
def dynamic_slice(c):
    for shape, part, start in DYNAMIC_SLICES:
        yield Call(input=c.array(shape), start_indices=c.integers(start, "Tindices"), size_indices=c.integers(part, "Tindices"))


@case("XlaDynamicUpdateSlice", exact=True, gradient=False, reference=reference.dynamic_slices)
def dynamic_update_slice(c):
    for shape, part, start in DYNAMIC_SLICES:
        yield Call(input=c.array(shape), update=c.array(part), indices=c.integers(start, "Tindices"))


CONCATENATIONS = ((((3,), (2,)), 0), (((1,), (0,), (4,)), 0), (((2, 3), (2, 1), (2, 4)), 1),
                  (((2, 3), (5, 3)), -2), (((2, 2, 3), (2, 1, 3), (2, 4, 3)), 1),
                  (((2, 1, 2, 1, 3), (2, 1, 2, 1, 5)), 4), (tuple((n, 2) for n in range(1, 12)), 0))


@case("ConcatV2", exact=True)
def concatenate(c):
    for shapes, axis in CONCATENATIONS:
        yield Call(values=[c.array(s) for s in shapes], axis=c.integers(axis, "Tidx"))


@case("Concat", exact=True, gradient=False)
def concatenate_v1(c):
    for shapes, axis in CONCATENATIONS:
        yield Call(values=[c.array(s) for s in shapes], concat_dim=np.array(axis, np.int32))


@case("Pack", exact=True)
def pack(c):
    for shape in ((), (1,), (0,), (5,), (2, 3), (2, 1, 3, 2)):
        for axis in {0, -1, len(shape)}:
            yield Call(values=[c.array(shape) for _ in range(3)], axis=axis)
    yield Call(values=[c.array((2, 3))], axis=1)


@case("Unpack", exact=True)
def unpack(c):
    for shape, axis in (((3,), 0), ((3, 4), 0), ((3, 4), -1), ((2, 3, 4), 1), ((2, 0), 0),
                        ((1, 5), 0)):
        yield Call(value=c.array(shape), num=shape[axis], axis=axis)


@case("Split", exact=True)
def split(c):
    for shape, axis, count in (((6,), 0, 3), ((4, 6), 1, 2), ((4, 6), -2, 4), ((2, 0, 4), 2, 2),
                               ((3, 5), 0, 1)):
        yield Call(axis=np.array(axis, np.int32), value=c.array(shape), num_split=count)


@case("SplitV", exact=True)
def split_v(c):
    for shape, axis, sizes in (((6,), 0, (1, 2, 3)), ((4, 6), 1, (6,)), ((4, 6), 0, (0, 3, -1)),
                               ((2, 3, 5), -1, (2, 2, 1))):
        yield Call(value=c.array(shape), size_splits=c.integers(sizes, "Tlen"),
                   axis=np.array(axis, np.int32), num_split=len(sizes))


@case("ReverseV2", exact=True)
def reverse(c):
    for shape, axes in (((7,), (0,)), ((0,), (0,)), ((3, 5), (1,)), ((3, 5), (0, 1)), ((3, 5), ()),
                        ((2, 3, 4, 2), (1, -1)), ((2, 3, 3), (2,))):
        yield Call(tensor=c.array(shape), axis=c.integers(axes, "Tidx"))


@case("ReverseSequence", exact=True)
def reverse_sequence(c):
    yield Call(input=c.array((3, 5, 2)), seq_lengths=c.integers((5, 0, 3), "Tlen"), seq_dim=1,
               batch_dim=0)
    yield Call(input=c.array((4, 3)), seq_lengths=c.integers((1, 4, 2), "Tlen"), seq_dim=0,
               batch_dim=1)


@case("Roll", exact=True)
def roll(c):
    for shape, shift, axis in (((7,), 3, 0), ((3, 5), -2, 1), ((3, 5), (1, 7), (0, 1))):
        yield Call(input=c.array(shape), shift=c.integers(shift, "Tshift"),
                   axis=c.integers(axis, "Taxis"))


@case("SpaceToBatchND", exact=True)
def space_to_batch(c):
    for shape, block, paddings in (((1, 4, 6, 3), (2, 3), ((0, 0), (0, 0))),
                                   ((2, 3, 5, 1), (2, 2), ((1, 0), (0, 1))),
                                   ((2, 6, 2), (3,), ((2, 1),))):
        yield Call(input=c.array(shape), block_shape=c.integers(block, "Tblock_shape"),
                   paddings=c.integers(paddings, "Tpaddings"))


@case("BatchToSpaceND", exact=True)
def batch_to_space(c):
    for shape, block, crops in (((6, 2, 2, 3), (2, 3), ((0, 0), (0, 0))),
                                ((4, 2, 3, 1), (2, 2), ((1, 0), (0, 1))),
                                ((6, 3, 2), (3,), ((2, 1),))):
        yield Call(input=c.array(shape), block_shape=c.integers(block, "Tblock_shape"),
                   crops=c.integers(crops, "Tcrops"))


@case("SpaceToBatch", exact=True)
def space_to_batch_v1(c):
    yield Call(input=c.array((1, 4, 6, 3)), paddings=c.integers(((0, 0), (1, 1)), "Tpaddings"),
               block_size=2)


@case("BatchToSpace", exact=True)
def batch_to_space_v1(c):
    yield Call(input=c.array((4, 2, 4, 3)), crops=c.integers(((0, 0), (1, 1)), "Tidx"), block_size=2)


@case("SpaceToDepth", "DepthToSpace", exact=True)
def space_to_depth(c):
    for block, shape in ((2, (2, 4, 6, 4)), (3, (1, 3, 3, 9))):
        yield Call(input=c.array(shape), block_size=block)


@case("Snapshot", "DeepCopy", exact=True)
def copies(c):
    for shape in SHAPES:
        yield Call(**{"input" if c.op == "Snapshot" else "x": c.array(shape)})


@case("Reverse", exact=True)
def reverse_by_flags(c):
    for shape in ((7,), (3, 5), (2, 3, 4)):
        yield Call(tensor=c.array(shape), dims=c.random.random(len(shape)) < 0.6)


@case("Cross", ulps=8, scale="max", gradient_ulps=64)
def cross(c):
    for shape in ((3,), (5, 3), (2, 1, 3)):
        yield Call(a=c.array(shape), b=c.array(shape))
