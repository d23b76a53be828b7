"""Tensor lists and tensor arrays. An element that was never set reads as zeros, which have to be
made on the device."""

import numpy as np
import tensorflow as tf

from default_kernels.registry import in_session, program, v1

raw = tf.raw_ops


@program("EmptyTensorList", "TensorListPushBack", "TensorListPopBack", "TensorListLength",
         "TensorListStack", "TensorListElementShape", "TensorListPushBackBatch")
def list_push_and_pop(x):
    value = x.numpy()
    handle = raw.EmptyTensorList(element_shape=[4], max_num_elements=8, element_dtype=x.dtype)
    for row in tf.unstack(x):
        handle = raw.TensorListPushBack(input_handle=handle, tensor=row)
    yield raw.TensorListLength(input_handle=handle), np.array(3)
    yield raw.TensorListElementShape(input_handle=handle, shape_type=tf.int32), np.array([4])
    yield raw.TensorListStack(input_handle=handle, element_shape=[4], element_dtype=x.dtype), value
    handle, last = raw.TensorListPopBack(input_handle=handle, element_shape=[4],
                                         element_dtype=x.dtype)
    yield last, value[2]
    # An element that was never set reads as zeros, which must be made on the device.
    reserved = raw.TensorListReserve(element_shape=[4], num_elements=2, element_dtype=x.dtype)
    _, unset = raw.TensorListPopBack(input_handle=reserved, element_shape=[4],
                                     element_dtype=x.dtype)
    yield unset, np.zeros_like(value[0])
    both = tf.stack([handle, handle])
    both = raw.TensorListPushBackBatch(input_handles=both, tensor=x[:2])
    yield raw.TensorListStack(input_handle=both[1], element_shape=[4],
                              element_dtype=x.dtype), value[[0, 1, 1]]


@program("TensorListReserve", "TensorListSetItem", "TensorListGetItem", "TensorListResize",
         "TensorListGather", "TensorListStack")
def list_items(x):
    value = x.numpy()
    handle = raw.TensorListReserve(element_shape=[4], num_elements=3, element_dtype=x.dtype)
    handle = raw.TensorListSetItem(input_handle=handle, index=1, item=x[2])

    def item(index):
        return raw.TensorListGetItem(input_handle=handle, index=index, element_shape=[4],
                                     element_dtype=x.dtype)
    yield item(1), value[2]
    yield item(0), np.zeros_like(value[0])
    # Stacking and gathering fill what was never set with zeros.
    expected = np.stack([np.zeros_like(value[0]), value[2], np.zeros_like(value[0])])
    yield raw.TensorListStack(input_handle=handle, element_shape=[4],
                              element_dtype=x.dtype), expected
    yield raw.TensorListGather(input_handle=handle, indices=[1, 0], element_shape=[4],
                               element_dtype=x.dtype), expected[[1, 0]]
    handle = raw.TensorListResize(input_handle=handle, size=5)
    yield raw.TensorListLength(input_handle=handle), np.array(5)
    nothing = raw.TensorListReserve(element_shape=[4], num_elements=0, element_dtype=x.dtype)
    yield raw.TensorListStack(input_handle=nothing, element_shape=[4],
                              element_dtype=x.dtype), value[:0]


@program("TensorListFromTensor", "TensorListScatter", "TensorListScatterV2", "TensorListSplit",
         "TensorListScatterIntoExistingList", "TensorListConcat", "TensorListConcatV2",
         "TensorListConcatLists")
def list_of_tensor(x):
    value = x.numpy()

    def stacked(handle):
        return raw.TensorListStack(input_handle=handle, element_shape=[4], element_dtype=x.dtype)
    whole = raw.TensorListFromTensor(tensor=x, element_shape=[4])
    yield stacked(whole), value
    yield stacked(raw.TensorListScatter(tensor=x, indices=[2, 0, 1], element_shape=[4])), \
        value[[1, 2, 0]]
    yield stacked(raw.TensorListScatterV2(tensor=x, indices=[2, 0, 1], element_shape=[4],
                                          num_elements=3)), value[[1, 2, 0]]
    changed = raw.TensorListScatterIntoExistingList(input_handle=whole, tensor=x[:1], indices=[2])
    yield stacked(changed), value[[0, 1, 0]]
    parts = raw.TensorListSplit(tensor=x, element_shape=[-1, 4],
                                lengths=tf.constant([1, 2], tf.int64))
    for concatenate in (raw.TensorListConcatV2, raw.TensorListConcat):
        shape = [-1, 4]
        extra = {"leading_dims": tf.constant([], tf.int64)} if concatenate is raw.TensorListConcatV2 \
            else {}
        joined = concatenate(input_handle=parts, element_dtype=x.dtype, element_shape=shape, **extra)
        yield joined[0], value
        yield joined[1], np.array([1, 2])
    yield stacked(raw.TensorListConcatLists(input_a=whole, input_b=whole, element_dtype=x.dtype)), \
        value[[0, 1, 2, 0, 1, 2]]


@program("AddN", "ZerosLike", dtypes=("float16", "bfloat16", "float32", "float64", "int64"))
def lists_as_variants(x):
    whole = raw.TensorListFromTensor(tensor=x, element_shape=[4])
    total = raw.AddN(inputs=[whole, whole])
    yield raw.TensorListStack(input_handle=total, element_shape=[4],
                              element_dtype=x.dtype), x.numpy() + x.numpy()
    zeros = raw.ZerosLike(x=whole)
    yield raw.TensorListStack(input_handle=zeros, element_shape=[4],
                              element_dtype=x.dtype), np.zeros_like(x.numpy())


@program("While", "StatelessWhile", "TensorListSetItem", "TensorListGetItem",
         dtypes=("float16", "bfloat16", "float32", "float64"))
def tensor_array_gradients(x):
    @tf.function
    def forward(x):
        array = tf.TensorArray(x.dtype, size=3)
        state = tf.zeros_like(x[0])
        for i in tf.range(3):
            state = state + x[i]
            array = array.write(i, state * 2)
        return array.stack()

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = forward(x)
    yield y, 2 * np.cumsum(x.numpy(), 0, dtype=x.numpy().dtype)
    yield tape.gradient(y, x), np.array([6, 4, 2], x.numpy().dtype)[:, None] + 0 * x.numpy()


@program("TensorArrayV3", "TensorArrayWriteV3", "TensorArrayReadV3", "TensorArrayGatherV3",
         "TensorArraySizeV3", "TensorArrayGradV3", "TensorArrayCloseV3")
def session_tensor_arrays(x):
    def build(fed):
        array = v1.TensorArray(fed.dtype, 3, clear_after_read=False).unstack(fed)
        return [array.stack(), array.read(1), array.size()]
    whole, row, size = in_session(x, build, soft_placement=True)
    yield from ((whole, x.numpy()), (row, x.numpy()[1]), (size, np.array(3)))
