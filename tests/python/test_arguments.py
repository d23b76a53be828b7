"""Arguments that do not fit are refused where TensorFlow's CPU device refuses them, with an error of the same
class; odd ones that it takes give results of the same shape.

Not here: indices out of range, which TensorFlow's own GPU kernels do not refuse either.
"""

import re

import pytest
import tensorflow as tf

from support.device import DEVICE

raw = tf.raw_ops


def ones(*shape):
    return tf.ones(shape)


def variable(*shape):
    return tf.Variable(tf.ones(shape)).handle


def unit_pooling(op, rank, pooled=1, gradient=1):
    """A gradient of pooling one element by windows of one; `pooled` and `gradient` are the channels of its arguments."""
    one = [1] * (rank - 1)
    return op(orig_input=ones(*one, 1), orig_output=ones(*one, pooled), grad=ones(*one, gradient),
              ksize=[1] * rank, strides=[1] * rank, padding="VALID")


REFUSED = {
    "pool big window valid": lambda: raw.MaxPool(
        input=ones(1, 2, 2, 2), ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding="VALID"),
    "pool3 big window valid": lambda: raw.MaxPool3D(
        input=ones(1, 2, 2, 2, 2), ksize=[1, 3, 3, 3, 1], strides=[1, 1, 1, 1, 1], padding="VALID"),
    "pool excess": lambda: raw.MaxPool(
        input=ones(1, 3, 3, 1), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="EXPLICIT",
        explicit_paddings=[0, 0, 0, 1, 0, 2, 0, 0]),
    "pool excess left": lambda: raw.MaxPool(
        input=ones(1, 3, 3, 1), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="EXPLICIT",
        explicit_paddings=[0, 0, 3, 1, 0, 1, 0, 0]),
    "grad out": lambda: unit_pooling(raw.MaxPoolGrad, 4, pooled=2),
    "grad grad": lambda: unit_pooling(raw.MaxPoolGrad, 4, gradient=2),
    "gradgrad out": lambda: unit_pooling(raw.MaxPoolGradGrad, 4, pooled=2),
    "gradgrad grad": lambda: unit_pooling(raw.MaxPoolGradGrad, 4, gradient=2),
    "grad3 out": lambda: unit_pooling(raw.MaxPool3DGrad, 5, pooled=2),
    "grad3 grad": lambda: unit_pooling(raw.MaxPool3DGrad, 5, gradient=2),
    "gradgrad3 out": lambda: unit_pooling(raw.MaxPool3DGradGrad, 5, pooled=2),
    "gradgrad3 grad": lambda: unit_pooling(raw.MaxPool3DGradGrad, 5, gradient=2),
    "grad rank": lambda: raw.MaxPoolGrad(
        orig_input=ones(1, 1, 1), orig_output=ones(1, 1, 1, 1), grad=ones(1, 1, 1, 1),
        ksize=[1] * 4, strides=[1] * 4, padding="VALID"),
    "avg grad shape": lambda: raw.AvgPoolGrad(
        orig_input_shape=[1, 1, 1], grad=ones(1, 1, 1, 2), ksize=[1] * 4, strides=[1] * 4,
        padding="VALID"),
    "range start": lambda: raw.Range(
        start=tf.constant([[1.]]), limit=tf.constant(20.), delta=tf.constant(2.)),
    "range limit": lambda: raw.Range(
        start=tf.constant(1.), limit=tf.constant([[20.]]), delta=tf.constant(2.)),
    "range delta": lambda: raw.Range(
        start=tf.constant(1.), limit=tf.constant(20.), delta=tf.constant([[2.]])),
    "range zero": lambda: raw.Range(
        start=tf.constant(1.), limit=tf.constant(20.), delta=tf.constant(0.)),
    "range wrong way": lambda: raw.Range(
        start=tf.constant(1.), limit=tf.constant(20.), delta=tf.constant(-1.)),
    "randint min": lambda: raw.RandomUniformInt(shape=[3], minval=[1, 2], maxval=3),
    "randint max": lambda: raw.RandomUniformInt(shape=[3], minval=1, maxval=[2, 3]),
    "randint empty": lambda: raw.RandomUniformInt(shape=[3], minval=3, maxval=3),
    "random negative": lambda: raw.RandomUniform(shape=[-3], dtype=tf.float32),
    "random shape rank": lambda: raw.RandomUniform(shape=[[3]], dtype=tf.float32),
    "pad rank": lambda: raw.Pad(input=ones(1, 2), paddings=[1, 2]),
    "pad columns": lambda: raw.Pad(input=ones(1, 2), paddings=[[1], [2]]),
    "pad rows": lambda: raw.Pad(input=ones(1, 2), paddings=[[1, 2]]),
    "pad negative": lambda: raw.Pad(input=ones(1, 2), paddings=[[1, 2], [-1, 0]]),
    "mirror big": lambda: raw.MirrorPad(
        input=ones(1, 2), paddings=[[1, 2], [0, 0]], mode="REFLECT"),
    "padv2 value": lambda: raw.PadV2(
        input=ones(1, 2), paddings=[[1, 2], [0, 0]], constant_values=[1., 2.]),
    "fill dims": lambda: raw.Fill(dims=[[1]], value=1.),
    "fill value": lambda: raw.Fill(dims=[1], value=[1., 2.]),
    "fill negative": lambda: raw.Fill(dims=[-1], value=1.),
    "reshape": lambda: raw.Reshape(tensor=ones(4), shape=[3]),
    "reshape two": lambda: raw.Reshape(tensor=ones(4), shape=[-1, -1]),
    "reshape odd": lambda: raw.Reshape(tensor=ones(4), shape=[3, -1]),
    "expand": lambda: raw.ExpandDims(input=ones(4), axis=4),
    "squeeze": lambda: raw.Squeeze(input=ones(4), axis=[0]),
    "concat axis": lambda: raw.ConcatV2(values=[ones(1), ones(2)], axis=2),
    "concat shapes": lambda: raw.ConcatV2(values=[ones(1, 2), ones(2, 3)], axis=0),
    "concat ranks": lambda: raw.ConcatV2(values=[ones(1, 2), ones(2)], axis=0),
    "split uneven": lambda: raw.Split(axis=0, value=ones(5), num_split=2),
    "splitv sum": lambda: raw.SplitV(value=ones(5), size_splits=[2, 2], axis=0, num_split=2),
    "slice": lambda: raw.Slice(input=ones(5), begin=[3], size=[4]),
    "slice negative": lambda: raw.Slice(input=ones(5), begin=[-3], size=[1]),
    "strided zero": lambda: raw.StridedSlice(input=ones(5), begin=[0], end=[4], strides=[0]),
    "strided shrink": lambda: raw.StridedSlice(
        input=ones(5), begin=[7], end=[8], strides=[1], shrink_axis_mask=1),
    "gather axis": lambda: raw.GatherV2(params=ones(5), indices=[1], axis=3),
    "gathernd rank": lambda: raw.GatherNd(params=ones(5), indices=[[1, 1]]),
    "scatternd shape": lambda: raw.ScatterNd(indices=[[1]], updates=ones(2), shape=[4]),
    "transpose": lambda: raw.Transpose(x=ones(2, 3), perm=[0, 0]),
    "transpose rank": lambda: raw.Transpose(x=ones(2, 3), perm=[0]),
    "matmul": lambda: raw.MatMul(a=ones(2, 3), b=ones(2, 3)),
    "matmul rank": lambda: raw.MatMul(a=ones(3), b=ones(2, 3)),
    "batchmatmul": lambda: raw.BatchMatMulV2(x=ones(2, 2, 3), y=ones(3, 3, 2)),
    "biasadd": lambda: raw.BiasAdd(value=ones(2, 3), bias=ones(2)),
    "biasadd rank": lambda: raw.BiasAdd(value=ones(2, 3), bias=ones(3, 1)),
    "biasadd one": lambda: raw.BiasAdd(value=ones(3), bias=ones(3)),
    "add": lambda: raw.AddV2(x=ones(2, 3), y=ones(2)),
    "select": lambda: raw.SelectV2(condition=[True, False, True], t=ones(2), e=ones(2)),
    "sum axis": lambda: raw.Sum(input=ones(2, 3), axis=5),
    "argmax axis": lambda: raw.ArgMax(input=ones(2, 3), dimension=5),
    "argmax empty": lambda: raw.ArgMax(input=ones(0, 3), dimension=0),
    "argmax rank": lambda: raw.ArgMax(input=ones(2, 3), dimension=[1]),
    "xent shape": lambda: raw.SoftmaxCrossEntropyWithLogits(features=ones(2, 3), labels=ones(2, 4)),
    "xent rank": lambda: raw.SoftmaxCrossEntropyWithLogits(features=ones(3), labels=ones(3)),
    "sparse xent": lambda: raw.SparseSoftmaxCrossEntropyWithLogits(features=ones(2, 3), labels=[1]),
    "sparse xent empty": lambda: raw.SparseSoftmaxCrossEntropyWithLogits(
        features=ones(2, 0), labels=[1, 1]),
    "onehot depth": lambda: raw.OneHot(indices=[1], depth=-1, on_value=1., off_value=0.),
    "onehot depth rank": lambda: raw.OneHot(indices=[1], depth=[1, 2], on_value=1., off_value=0.),
    "onehot value": lambda: raw.OneHot(indices=[1], depth=2, on_value=[1., 2.], off_value=0.),
    "tile": lambda: raw.Tile(input=ones(2, 3), multiples=[1]),
    "tile negative": lambda: raw.Tile(input=ones(2, 3), multiples=[1, -1]),
    "topk": lambda: raw.TopKV2(input=ones(3), k=4),
    "topk negative": lambda: raw.TopKV2(input=ones(3), k=-1),
    "topk scalar": lambda: raw.TopKV2(input=ones(), k=1),
    "cumsum axis": lambda: raw.Cumsum(x=ones(3), axis=3),
    "reverse axis": lambda: raw.ReverseV2(tensor=ones(3), axis=[1]),
    "reverse twice": lambda: raw.ReverseV2(tensor=ones(3), axis=[0, 0]),
    "reverse sequence": lambda: raw.ReverseSequence(
        input=ones(3, 4), seq_lengths=[1, 2], seq_dim=1, batch_dim=0),
    "pack": lambda: raw.Pack(values=[ones(2), ones(3)], axis=0),
    "unpack": lambda: raw.Unpack(value=ones(2, 3), num=3, axis=0),
    "broadcast": lambda: raw.BroadcastTo(input=ones(2), shape=[3]),
    "linspace num": lambda: raw.LinSpace(start=tf.constant(0.), stop=tf.constant(1.), num=0),
    "space": lambda: raw.SpaceToDepth(input=ones(1, 3, 3, 1), block_size=2),
    "depth": lambda: raw.DepthToSpace(input=ones(1, 3, 3, 3), block_size=2),
    "batch space": lambda: raw.SpaceToBatchND(
        input=ones(1, 3, 3, 1), block_shape=[2, 2], paddings=[[0, 0], [0, 0]]),
    "space batch": lambda: raw.BatchToSpaceND(
        input=ones(3, 3, 3, 1), block_shape=[2, 2], crops=[[0, 0], [0, 0]]),
    "resize size": lambda: raw.ResizeBilinear(images=ones(1, 3, 3, 1), size=[0, 2]),
    "resize rank": lambda: raw.ResizeBilinear(images=ones(3, 3, 1), size=[2, 2]),
    "crop boxes": lambda: raw.CropAndResize(
        image=ones(1, 3, 3, 1), boxes=[[0., 0., 1.]], box_ind=[0], crop_size=[2, 2]),
    "lrn": lambda: raw.LRN(input=ones(3, 3, 1)),
    "bn scale": lambda: raw.FusedBatchNormV3(
        x=ones(1, 2, 2, 3), scale=ones(2), offset=ones(3), mean=ones(3), variance=ones(3),
        is_training=False),
    "bn rank": lambda: raw.FusedBatchNormV3(
        x=ones(2, 2, 3), scale=ones(3), offset=ones(3), mean=ones(3), variance=ones(3),
        is_training=False),
    "segment shape": lambda: raw.SegmentSum(data=ones(3), segment_ids=[1, 2]),
    "unsorted num": lambda: raw.UnsortedSegmentSum(
        data=ones(3), segment_ids=[0, 1, 1], num_segments=-1),
    "unsorted shape": lambda: raw.UnsortedSegmentSum(
        data=ones(3), segment_ids=[0, 1], num_segments=2),
    "bincount": lambda: raw.DenseBincount(
        input=[1, 2], size=-1, weights=tf.constant([], tf.float32)),
    "intopk": lambda: raw.InTopKV2(predictions=ones(2, 3), targets=[1], k=1),
    "diag": lambda: raw.MatrixDiagPart(input=ones(3)),
    "einsum": lambda: raw.Einsum(inputs=[ones(2, 3), ones(4, 5)], equation="ab, bc->ac"),
    "roll": lambda: raw.Roll(input=ones(3), shift=[1, 1], axis=[0]),
    "roll axis": lambda: raw.Roll(input=ones(3), shift=[1], axis=[2]),
    "clip": lambda: raw.ClipByValue(t=ones(3), clip_value_min=ones(2), clip_value_max=ones(3)),
    "eye band": lambda: raw.MatrixBandPart(input=ones(3), num_lower=1, num_upper=1),
    "band big": lambda: raw.MatrixBandPart(input=ones(3, 3), num_lower=5, num_upper=1),
    "dynstitch": lambda: raw.DynamicStitch(indices=[[0, 1]], data=[ones(3)]),
    "dropout seed": lambda: raw.StatelessRandomUniformV2(
        shape=[2], key=tf.constant([1], tf.uint64), counter=tf.constant([1], tf.uint64), alg=1),
    "stateless seed": lambda: raw.StatelessRandomUniform(shape=[2], seed=[1]),
    "adam": lambda: raw.ResourceApplyAdam(
        var=variable(2), m=variable(2), v=variable(2), beta1_power=.9, beta2_power=.9, lr=.1,
        beta1=.9, beta2=.9, epsilon=1e-3, grad=ones(3)),
    "sgd": lambda: raw.ResourceApplyGradientDescent(var=variable(2), alpha=.1, delta=ones(3)),
    "assign add": lambda: raw.AssignAddVariableOp(resource=variable(2), value=ones(3)),
    "scatter shape": lambda: raw.ResourceScatterAdd(
        resource=variable(2), indices=[1], updates=ones(2)),
    "multinomial": lambda: raw.Multinomial(logits=ones(3), num_samples=2),
    "multinomial n": lambda: raw.Multinomial(logits=ones(2, 3), num_samples=-1),
    "extract": lambda: raw.ExtractImagePatches(
        images=ones(3, 3, 1), ksizes=[1, 2, 2, 1], strides=[1, 1, 1, 1], rates=[1, 1, 1, 1],
        padding="VALID"),
    "histogram": lambda: raw.HistogramFixedWidth(values=ones(2), value_range=[1., 0.], nbins=3),
    "searchsorted": lambda: raw.LowerBound(sorted_inputs=ones(2, 3), values=ones(3, 3)),
    "cholesky": lambda: raw.Cholesky(input=ones(2, 3)),
    "addn": lambda: raw.AddN(inputs=[ones(2), ones(3)]),
    "accumulate": lambda: raw.AccumulateNV2(inputs=[ones(2), ones(3)], shape=[2]),
    "bitcast wide": lambda: raw.Bitcast(input=tf.ones((1, 3), tf.int8), type=tf.int32),
    "bitcast": lambda: raw.Bitcast(input=tf.ones((1, 1), tf.int8), type=tf.int32),
    "conv filter": lambda: raw.Conv2D(
        input=ones(1, 1, 1, 1), filter=ones(1, 0, 1, 1), strides=[1] * 4, padding="SAME"),
    "conv no outputs": lambda: raw.Conv2D(
        input=ones(1, 1, 1, 1), filter=ones(1, 1, 1, 0), strides=[1] * 4, padding="SAME"),
    "conv3d filter": lambda: raw.Conv3D(
        input=ones(1, 1, 1, 1, 1), filter=ones(1, 1, 0, 1, 1), strides=[1] * 5, padding="SAME"),
    "depthwise filter": lambda: raw.DepthwiseConv2dNative(
        input=ones(1, 2, 2, 1), filter=ones(1, 1, 1, 0), strides=[1] * 4, padding="SAME"),
    "set diag": lambda: raw.MatrixSetDiagV3(input=ones(1, 1), diagonal=1.0, k=0),
    "set diag shape": lambda: raw.MatrixSetDiagV3(input=ones(2, 3, 3), diagonal=ones(2, 4), k=0),
    "inplace vector": lambda: raw.InplaceUpdate(x=ones(1, 1), i=[[0]], v=ones(1, 1)),
    "inplace rank": lambda: raw.InplaceUpdate(x=ones(1, 1), i=[0], v=ones(1)),
    "inplace rows": lambda: raw.InplaceUpdate(x=ones(1, 1), i=[0, 1], v=ones(1, 1)),
    "gathernd empty": lambda: raw.GatherNd(params=ones(0, 3), indices=[[0, 0]]),
    "scatternd empty": lambda: raw.ScatterNd(
        indices=tf.zeros((2, 2, 2), tf.int32), updates=ones(2, 2, 2), shape=[0, 3, 2]),
    "approximate": lambda: raw.ApproximateEqual(x=ones(2), y=ones(1, 2)),
    "segments too many": lambda: raw.SegmentSum(
        data=ones(1, 10, 1), segment_ids=tf.constant([1676240524292489355], tf.int64)),
    "pad too large": lambda: raw.PadV2(
        input=ones(1, 1), paddings=tf.constant([[0, 2**40], [0, 2**40]], tf.int64),
        constant_values=0.0),
    "reverse lengths": lambda: raw.ReverseSequence(
        input=ones(3, 4), seq_lengths=[[1, 2, 3]], seq_dim=1, batch_dim=0),
    "splitv negative": lambda: raw.SplitV(value=ones(5), size_splits=[7, -2], axis=0, num_split=2),
    "segment descending": lambda: raw.SegmentSum(data=ones(3), segment_ids=[1, 0, 2]),
    "segment negative": lambda: raw.SegmentSum(data=ones(4), segment_ids=[-1, -1, 0, 0]),
    "segment last negative": lambda: raw.SegmentMax(data=ones(4), segment_ids=[0, 0, 0, -1]),
    "segment scalar": lambda: raw.SegmentMean(
        data=tf.constant(1.0), segment_ids=tf.zeros((0,), tf.int32)),
    "sparse segment scalar": lambda: raw.SparseSegmentSum(
        data=tf.constant(1.0), indices=[0], segment_ids=[3]),
    "roll axes": lambda: raw.Roll(input=ones(5), shift=2, axis=[[1], [1]]),
    "scatternd updates": lambda: raw.ScatterNd(
        indices=tf.zeros((2, 2, 1), tf.int32), updates=ones(2, 2), shape=[2, 2, 2]),
    "segment out of order": lambda: raw.SegmentSum(data=ones(4), segment_ids=[0, 1, 2, 0]),
    "sequence axis": lambda: raw.ReverseSequence(
        input=ones(2, 2), seq_lengths=[2, 2], seq_dim=2, batch_dim=0),
    "batch axis": lambda: raw.ReverseSequence(
        input=ones(2, 2), seq_lengths=[2, 2], seq_dim=1, batch_dim=3),
}

TAKEN = {
    "pool3 empty batch": lambda: raw.MaxPool3D(
        input=ones(0, 4, 4, 4, 2), ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="VALID"),
    "pool empty batch": lambda: raw.MaxPool(
        input=ones(0, 4, 4, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
    "pool big window same": lambda: raw.MaxPool(
        input=ones(1, 2, 2, 2), ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding="SAME"),
    "avgpool big window valid": lambda: raw.AvgPool(
        value=ones(1, 2, 2, 2), ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding="VALID"),
    "pool empty channels": lambda: raw.MaxPool(
        input=ones(1, 4, 4, 0), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
    "pool empty space": lambda: raw.MaxPool(
        input=ones(1, 0, 4, 1), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"),
    "l2": lambda: raw.L2Loss(t=tf.zeros([0])),
    "conv empty batch": lambda: raw.Conv2D(
        input=ones(0, 1, 1, 1), filter=ones(1, 1, 1, 1), strides=[1] * 4, padding="SAME"),
    "inplace last": lambda: raw.InplaceAdd(x=ones(7, 3), i=[-1], v=ones(1, 3)),
    "range near the largest": lambda: raw.Range(
        start=tf.constant(0, tf.int64), limit=tf.constant(202, tf.int64),
        delta=tf.constant(2**63 - 201, tf.int64)),
}

# What users and other test suites look for in the message.
SAID = {
    "bitcast": "Cannot bitcast from 6 to 3",
    "conv filter": "filter must not have zero elements",
    "conv3d filter": "filter must not have zero elements",
    "depthwise filter": "filter must not have zero elements",
    "pool excess": "Right padding 2 needs to be smaller than the window size 2",
    "pool excess left": "Top padding 3 needs to be smaller than the window size 2",
    "grad out": r"Expected orig_output shape to be \[1,1,1,1\], but got \[1,1,1,2\]",
    "grad grad": r"Expected grad shape to be \[1,1,1,1\], but got \[1,1,1,2\]",
    "range start": r"start must be a scalar, not shape \[1,1\]",
    "pad rank": "paddings must be a matrix with 2 columns",
    "set diag": "diagonal must be at least 1-dim",
    "set diag shape": "first dimensions of diagonal don't match",
    "inplace vector": "i must be a vector",
    "gathernd empty": "Requested more than 0 entries, but params is empty",
    "scatternd empty": "Indices and updates specified for empty output",
    "scatternd shape": r"Dimensions \[0,1\) of indices",
    "scatternd updates": r"Dimensions \[1,3\) of input",
    "approximate": "must be of the same shape",
    "segment out of order": r"Segment id 1 out of range \[0, 1\)",
    "sequence axis": "seq_dim must be < input rank",
    "segment descending": "segment ids are not increasing",
    "segment negative": r"Segment id -1 out of range \[0, 1\)",
    "segment last negative": "segment ids must be >= 0",
    "segment shape": "segment_ids should be the same size as dimension 0",
    "roll axes": r"axis must be a scalar or a 1-D vector. Found: \[2,1\]",
    "band big": "num_lower must be negative or less or equal to number of rows",
}


def outcome(call, device):
    """The shapes of the results, or the error."""
    with tf.device(device):
        try:
            result = call()
            return [tensor.numpy().shape for tensor in tf.nest.flatten(result)]
        except tf.errors.OpError as error:
            return error


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name):
    ours, theirs = (outcome(REFUSED[name], device) for device in (DEVICE, "/CPU:0"))
    assert isinstance(theirs, tf.errors.OpError) and type(ours) is type(theirs), (ours, theirs)
    assert re.search(SAID.get(name, ""), ours.message)


@pytest.mark.parametrize("name", list(TAKEN))
def test_taken(name):
    assert outcome(TAKEN[name], DEVICE) == outcome(TAKEN[name], "/CPU:0")
