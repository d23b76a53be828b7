"""Gather, scatter, one-hot, segments. Indices are in range: what lies outside is tested apart."""

import numpy as np

from support import reference
from support.case import FLOATS, Call, case

GATHERS = (((7,), (), 0), ((7,), (3,), 0), ((5, 3), (4,), 0), ((5, 3), (2, 2), 1), ((4, 5, 3), (6,), 1),
           ((4, 5, 3), (0,), 0), ((0, 3), (0,), 0), ((31, 17), (64,), 0))


@case("GatherV2", exact=True, gradient_ulps=64)
def gather(c):
    for shape, indices, axis in GATHERS:
        yield Call(params=c.array(shape, "Tparams"),
                   indices=c.array(indices, "Tindices", 0, max(shape[axis], 1)),
                   axis=c.integers(axis, "Taxis"))
    yield Call(params=c.array((3, 5, 2), "Tparams"), indices=c.array((3, 4), "Tindices", 0, 5),
               axis=c.integers(1, "Taxis"), batch_dims=1)


@case("Gather", exact=True, gradient=False)
def gather_v1(c):
    for shape, indices, axis in GATHERS:
        if axis == 0:
            yield Call(params=c.array(shape, "Tparams"),
                       indices=c.array(indices, "Tindices", 0, max(shape[0], 1)))


# shape, indices' shape: the last dimension indexes
SCATTERS = (((7,), (3, 1)), ((5, 3), (4, 1)), ((5, 3), (4, 2)), ((4, 5, 3), (2, 3, 2)),
            ((4, 5, 3), (0, 1)))


def nd_indices(c, shape, indices, unique=False):
    depth = indices[-1]
    count = int(np.prod(indices[:-1]))
    size = int(np.prod(shape[:depth]))
    flat = c.random.permutation(size)[:count] if unique else c.random.integers(0, size, count)
    found = np.stack(np.unravel_index(flat, shape[:depth]), -1)
    return found.reshape(indices).astype(c["Tindices"])


def update_shape(shape, indices):
    return (*indices[:-1], *shape[indices[-1]:])


@case("GatherNd", exact=True, gradient_ulps=64)
def gather_nd(c):
    for shape, indices in SCATTERS:
        yield Call(params=c.array(shape, "Tparams"), indices=nd_indices(c, shape, indices)) \
            .options(gradient=c["Tindices"].itemsize > 2)


@case("ScatterNd", ulps=32, scale="max")
def scatter_nd(c):
    for shape, indices in SCATTERS:
        unique = c["T"] == bool
        yield Call(indices=nd_indices(c, shape, indices, unique),
                   updates=c.array(update_shape(shape, indices)),
                   shape=np.array(shape, c["Tindices"]))


@case("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax",
      "TensorScatterMin", ulps=32, scale="max")
def tensor_scatter(c):
    for shape, indices in SCATTERS:
        # Which of two updates of one element wins is not defined.
        yield Call(tensor=c.array(shape), updates=c.array(update_shape(shape, indices)),
                   indices=nd_indices(c, shape, indices, unique=c.op.endswith("Update")))


@case("ScatterNdNonAliasingAdd", ulps=32, scale="max")
def scatter_nd_add(c):
    for shape, indices in SCATTERS:
        yield Call(input=c.array(shape), indices=nd_indices(c, shape, indices),
                   updates=c.array(update_shape(shape, indices)))


@case("OneHot", exact=True, gradient=False)
def one_hot(c):
    for shape in ((), (5,), (2, 3), (0,)):
        for axis in {-1, 0, len(shape)}:
            yield Call(indices=c.array(shape, "TI", 0 if c["TI"].kind == "u" else -2, 6),
                       depth=np.array(5, np.int32), axis=axis,
                       on_value=np.ones((), c["T"]), off_value=np.zeros((), c["T"]))


@case("UnsortedSegmentSum", "UnsortedSegmentProd", "UnsortedSegmentMax", "UnsortedSegmentMin",
      ulps=64, scale="max")
def unsorted_segments(c):
    extreme = c.op.endswith(("Max", "Min"))
    for shape, ids in (((9,), (9,)), ((6, 3), (6,)), ((4, 3, 2), (4, 3)), ((0, 3), (0,)),
                       ((64, 5), (64,))):
        data = c.distinct(shape) if extreme else c.array(shape)
        if c.op.endswith("Prod") and c["T"] not in FLOATS:
            data = c.array(shape, low=1, high=3)
        # A negative id drops its row; a segment without rows has the reduction's identity.
        segments = c.array(ids, "Tindices", -1, 4)
        yield Call(data=data, segment_ids=segments, num_segments=c.integers(5, "Tnumsegments")) \
            .options(widen=not extreme, gradient=not extreme or c["T"] in FLOATS)


@case("SegmentSum", "SegmentMean", "SegmentMax", "SegmentMin", "SegmentProd", "SegmentSumV2",
      "SegmentMaxV2", "SegmentMinV2", "SegmentProdV2", ulps=64, scale="max", gradient=False,
      reference=reference.segments_with_count)
def sorted_segments(c):
    for shape, count in (((6, 3), 4), ((9,), 4), ((1, 2), 4)):
        ids = np.sort(c.array(shape[:1], "Tindices", 0, 3))
        extra = {"num_segments": c.integers(count, "Tnumsegments")} if c.op.endswith("V2") else {}
        # A segment without elements has the dtype's own limit.
        yield Call(data=c.array(shape, low=1, high=3), segment_ids=ids, **extra).options(
            widen=not c.op.endswith(("MaxV2", "MinV2")))


@case("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN", ulps=64, scale="max",
      gradient=False)
def picked_segments(c):
    ids = np.sort(c.array((6,), c.get("Tsegmentids"), 0, 3))
    yield Call(data=c.array((8, 3)), indices=c.array((6,), c.get("Tidx"), 0, 8), segment_ids=ids)


@case("SparseSegmentSumGrad", "SparseSegmentMeanGrad", "SparseSegmentSqrtNGrad", ulps=64,
      scale="max", gradient=False)
def picked_segments_gradient(c):
    ids = np.sort(c.array((6,), c.get("Tsegmentids"), 0, 3))
    yield Call(grad=c.array((3, 4)), indices=c.array((6,), c.get("Tidx"), 0, 8), segment_ids=ids,
               output_dim0=np.array(8, np.int32))


@case("LowerBound", "UpperBound")
def bounds(c):
    sequence = np.sort(c.quarters((2, 9), low=-2, high=2), axis=1)
    yield Call(sorted_inputs=sequence, values=c.quarters((2, 5), low=-3, high=3),
               out_type=c.tf_dtype("out_type"))


@case("NthElement")
def nth_element(c):
    for backwards in (False, True):
        yield Call(input=c.distinct((3, 7)), n=np.array(2, np.int32), reverse=backwards)


@case("InplaceAdd", "InplaceSub", "InplaceUpdate", ulps=4, gradient=False,
      reference=reference.row_updates)
def update_rows(c):
    for indices in ([2], [0, 3, 1]):
        yield Call(x=c.array((5, 3)), i=np.array(indices, np.int32), v=c.array((len(indices), 3)))


@case("DynamicStitch", "ParallelDynamicStitch", exact=True)
def stitch(c):
    order = c.random.permutation(8).astype(np.int32)
    yield Call(indices=[order[:3], order[3:]], data=[c.array((3, 2)), c.array((5, 2))])
