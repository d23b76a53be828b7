"""Resource variables, and the reference variables of TensorFlow 1."""

import numpy as np

from op_cases.array import STRIDED, slice_shape
from op_cases.indexing import SCATTERS, nd_indices, update_shape
from support.case import SHAPES, Call, ReferenceVariable, Variable, case

# The ops of the two kinds of variable differ in names alone.


@case("AssignAddVariableOp", "AssignSubVariableOp", ulps=4, gradient=False)
def assign_update(c):
    for shape in SHAPES:
        yield Call(resource=Variable(c.array(shape, "dtype")), value=c.array(shape, "dtype"))


@case("Assign", "AssignAdd", "AssignSub", ulps=4, gradient=False)
def assign_reference(c):
    for shape in SHAPES:
        yield Call(ref=ReferenceVariable(c.array(shape)), value=c.array(shape))


@case("ResourceGather", "ResourceGatherNd", exact=True, gradient=False)
def gather(c):
    for shape, indices in SCATTERS:
        if c.op == "ResourceGather":
            drawn = c.array((*indices[:-1], 1), "Tindices", 0, shape[0])[..., 0]
        else:
            drawn = nd_indices(c, shape, indices)
        yield Call(resource=Variable(c.array(shape, "dtype")), dtype=c.tf_dtype("dtype"),
                   indices=drawn)


@case("ResourceScatterAdd", "ResourceScatterSub", "ResourceScatterMul", "ResourceScatterDiv",
      "ResourceScatterMax", "ResourceScatterMin", "ResourceScatterUpdate", "ScatterAdd",
      "ScatterSub", "ScatterMul", "ScatterDiv", "ScatterMax", "ScatterMin", "ScatterUpdate",
      ulps=32, scale="max", gradient=False)
def scatter(c):
    resource = c.op.startswith("Resource")
    name, kind, dtype = ("resource", Variable, "dtype") if resource else \
        ("ref", ReferenceVariable, "T")
    positive = dict(low=1, high=3) if c[dtype] != bool else {}
    for updates in ((4, 3), ()):
        indices = c.array((4,), "Tindices", 0, 7)
        if c.op.endswith("Update"):  # which of two writes to one place wins is not defined
            indices = c.random.permutation(7)[:4].astype(c["Tindices"])
        yield Call(**{name: kind(c.array((7, 3), dtype))}, indices=indices,
                   updates=c.array(updates, dtype, **positive))


@case("ResourceScatterNdAdd", "ResourceScatterNdSub", "ResourceScatterNdUpdate",
      "ResourceScatterNdMax", "ResourceScatterNdMin", "ScatterNdAdd", "ScatterNdSub",
      "ScatterNdUpdate", ulps=32, scale="max", gradient=False)
def scatter_nd(c):
    kind = Variable if c.op.startswith("Resource") else ReferenceVariable
    for shape, indices in SCATTERS:
        yield Call(ref=kind(c.array(shape)), updates=c.array(update_shape(shape, indices)),
                   indices=nd_indices(c, shape, indices, unique=c.op.endswith("Update")))


@case("ResourceStridedSliceAssign", "StridedSliceAssign", exact=True, gradient=False)
def strided_slice_assign(c):
    kind = Variable if c.op.startswith("Resource") else ReferenceVariable
    for shape, begin, end, strides, masks in STRIDED:
        bounds = dict(begin=c.integers(begin, "Index"), end=c.integers(end, "Index"),
                      strides=c.integers(strides, "Index"), **masks)
        value = c.array(slice_shape(shape, bounds))
        # The reference device's assignment neither adds axes nor reverses empty slices.
        if "new_axis_mask" not in masks and np.prod(value.shape) > 0:
            yield Call(ref=kind(c.array(shape)), value=value, **bounds)
