"""Ops whose results' shapes depend on data."""

import numpy as np

from support.case import SHAPES, Call, case


@case("Where", exact=True)
def where(c):
    for shape in SHAPES[1:]:  # TensorFlow refuses scalars
        values = c.array(shape)
        yield Call(condition=np.where(c.random.random(shape) < 0.4, np.zeros_like(values), values))


@case("DynamicPartition", exact=True)
def dynamic_partition(c):
    for shape, head in (((7,), 1), ((5, 3), 1), ((5, 3), 2), ((0, 3), 1), ((4, 2, 3), 2), ((), 0)):
        yield Call(data=c.array(shape), num_partitions=4,
                   partitions=c.random.integers(0, 3, shape[:head]).astype(np.int32))


def _repeated(c, shape):
    values = c.quarters(shape, low=-1, high=1) if c["T"] != bool else c.array(shape)
    if c["T"] in (np.float32, np.float64) and values.size > 3:  # of halves TensorFlow compares bits
        values.flat[0], values.flat[1] = -0.0, 0.0
    return values


@case("UniqueWithCounts", exact=True)
def unique(c):
    for shape in ((7,), (1,), (0,), (103,)):
        yield Call(x=_repeated(c, shape), out_idx=c.tf_dtype("out_idx"))


@case("UniqueV2", "UniqueWithCountsV2", exact=True)
def unique_slices(c):
    for shape, axis in (((7,), []), ((103,), [0]), ((40, 2), [0]), ((2, 40), [1]), ((3, 30, 1), [-2])):
        yield Call(x=_repeated(c, shape), axis=np.array(axis, c.get("Taxis", np.int64)),
                   out_idx=c.tf_dtype("out_idx"))
