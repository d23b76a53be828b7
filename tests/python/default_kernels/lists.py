"""Tensor lists and tensor arrays. An element that was never set reads as zeros, which have to be
made on the device."""

import numpy as np
import tensorflow as tf

from default_kernels.registry import in_session, program, v1

raw = tf.raw_ops


def pushed(x):
    """A list of x's rows, made by the one op that takes every dtype."""
    handle = raw.EmptyTensorList(element_shape=[4], max_num_elements=8, element_dtype=x.dtype)
    for row in x.numpy():
        handle = raw.TensorListPushBack(input_handle=handle, tensor=tf.constant(row))
    return handle


def items_of(handle, dtype):
    """Its elements one after the other, as one array."""
    count = int(raw.TensorListLength(input_handle=handle))
    rows = []
    for _ in range(count):
        handle, row = raw.TensorListPopBack(input_handle=handle, element_shape=[4],
                                            element_dtype=dtype)
        rows.append(row.numpy())
    return np.stack(rows[::-1])


@program("EmptyTensorList", "TensorListPushBack", "TensorListPopBack", "TensorListLength",
         "TensorListStack", "TensorListElementShape", "TensorListGetItem", "TensorListGather",
         "TensorListConcat", "TensorListConcatV2", "TensorListConcatLists", "TensorListResize",
         "TensorListSetItem")
def list_ops(x):
    value, handle = x.numpy(), pushed(x)
    typed = dict(element_shape=[4], element_dtype=x.dtype)
    yield items_of(handle, x.dtype), value
    yield raw.TensorListLength(input_handle=handle), np.array(3)
    yield raw.TensorListElementShape(input_handle=handle, shape_type=tf.int32), np.array([4])
    yield lambda: (raw.TensorListStack(input_handle=handle, **typed), value)
    yield lambda: (raw.TensorListGetItem(input_handle=handle, index=1, **typed), value[1])
    yield lambda: (raw.TensorListGather(input_handle=handle, indices=[2, 0], **typed), value[[2, 0]])
    yield lambda: (raw.TensorListConcat(input_handle=handle, **typed)[0],
                   value.reshape(12))
    yield lambda: (raw.TensorListConcatV2(input_handle=handle, element_dtype=x.dtype,
                                          element_shape=[4],
                                          leading_dims=tf.constant([], tf.int64))[0],
                   value.reshape(12))
    yield lambda: (items_of(raw.TensorListConcatLists(input_a=handle, input_b=handle,
                                                      element_dtype=x.dtype), x.dtype),
                   np.concatenate([value, value]))
    yield lambda: (items_of(raw.TensorListResize(input_handle=handle, size=2), x.dtype), value[:2])
    yield lambda: (items_of(raw.TensorListSetItem(input_handle=handle, index=0, item=x[2]), x.dtype),
                   value[[2, 1, 2]])


@program("TensorListReserve", "TensorListGetItem", "TensorListPopBack", "TensorListStack",
         "TensorListGather", "TensorListConcatV2", "TensorListResize")
def elements_never_set(x):
    zeros = np.zeros_like(x.numpy()[0])
    typed = dict(element_shape=[4], element_dtype=x.dtype)
    handle = raw.TensorListReserve(element_shape=[4], num_elements=2, element_dtype=x.dtype)
    yield lambda: (raw.TensorListPopBack(input_handle=handle, **typed)[1], zeros)
    yield lambda: (raw.TensorListGetItem(input_handle=handle, index=1, **typed), zeros)
    yield lambda: (raw.TensorListStack(input_handle=handle, **typed), np.stack([zeros, zeros]))
    yield lambda: (raw.TensorListGather(input_handle=handle, indices=[1], **typed), zeros[None])
    yield lambda: (raw.TensorListConcatV2(input_handle=handle, element_dtype=x.dtype,
                                          element_shape=[4],
                                          leading_dims=tf.constant([4, 4], tf.int64))[0],
                   np.concatenate([zeros, zeros]))

    def grown():
        longer = raw.TensorListResize(input_handle=pushed(x), size=4)
        return raw.TensorListStack(input_handle=longer, **typed), np.stack([*x.numpy(), zeros])
    yield grown
    yield lambda: (raw.TensorListStack(
        input_handle=raw.TensorListReserve(num_elements=0, **typed), **typed), x.numpy()[:0])


@program("TensorListFromTensor", "TensorListScatter", "TensorListScatterV2", "TensorListSplit",
         "TensorListScatterIntoExistingList")
def list_of_tensor(x):
    value = x.numpy()
    yield lambda: (items_of(raw.TensorListFromTensor(tensor=x, element_shape=[4]), x.dtype), value)
    yield lambda: (items_of(raw.TensorListScatter(tensor=x, indices=[2, 0, 1], element_shape=[4]),
                            x.dtype), value[[1, 2, 0]])
    yield lambda: (items_of(raw.TensorListScatterV2(tensor=x, indices=[2, 0, 1], element_shape=[4],
                                                    num_elements=3), x.dtype), value[[1, 2, 0]])
    yield lambda: (items_of(raw.TensorListScatterIntoExistingList(
        input_handle=pushed(x), tensor=x[:1], indices=[2]), x.dtype), value[[0, 1, 0]])
    yield lambda: (raw.TensorListConcatV2(
        input_handle=raw.TensorListSplit(tensor=x, element_shape=[-1, 4],
                                         lengths=tf.constant([1, 2], tf.int64)),
        element_dtype=x.dtype, element_shape=[-1, 4], leading_dims=tf.constant([], tf.int64))[0],
                   value)


@program("TensorListPushBackBatch")
def list_batches(x):
    with tf.device("/CPU:0"):
        both = tf.stack([raw.EmptyTensorList(element_shape=[4], max_num_elements=8,
                                             element_dtype=x.dtype) for _ in range(2)])
    both = raw.TensorListPushBackBatch(input_handles=both, tensor=x[:2])
    with tf.device("/CPU:0"):
        first, second = tf.unstack(both)
    yield lambda: (items_of(first, x.dtype), x.numpy()[:1])
    yield lambda: (items_of(second, x.dtype), x.numpy()[1:2])


@program("AddN", "ZerosLike", dtypes=("float16", "bfloat16", "float32", "float64", "int64"))
def lists_as_variants(x):
    handle = pushed(x)
    yield items_of(raw.AddN(inputs=[handle, handle]), x.dtype), x.numpy() + x.numpy()
    yield items_of(raw.AddN(inputs=[handle, handle, handle]), x.dtype), 3 * x.numpy()
    yield items_of(raw.ZerosLike(x=handle), x.dtype), np.zeros_like(x.numpy())


@program("While", "StatelessWhile", "TensorListSetItem", "TensorListGetItem",
         dtypes=("float16", "bfloat16", "float32", "float64"))
def tensor_array_gradients(x):
    count = tf.Variable(tf.zeros((), tf.int64))

    @tf.function
    def counted():
        for _ in tf.range(3):
            count.assign_add(1)
        return count.read_value()

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
    value = x.numpy()
    yield y, 2 * np.cumsum(value, 0, dtype=value.dtype)
    yield tape.gradient(y, x), np.array([6, 4, 2], value.dtype)[:, None] + 0 * value
    yield counted(), np.array(3)


@program("TensorArrayV3", "TensorArrayWriteV3", "TensorArrayReadV3", "TensorArrayGatherV3",
         "TensorArraySizeV3", "TensorArrayGradV3", "TensorArrayCloseV3")
def session_tensor_arrays(x):
    def build(fed):
        array = v1.TensorArray(fed.dtype, 3, clear_after_read=False).unstack(fed)
        handle, flow = raw.TensorArrayV3(size=3, dtype=fed.dtype)
        flow = raw.TensorArrayWriteV3(handle=handle, index=1, value=fed[2], flow_in=flow)
        with tf.control_dependencies([flow]):
            size = raw.TensorArraySizeV3(handle=handle, flow_in=flow)
        with tf.control_dependencies([size]):
            gradient, _ = raw.TensorArrayGradV3(handle=handle, flow_in=flow, source="gradients")
        with tf.control_dependencies([raw.TensorArrayCloseV3(handle=gradient)]):
            closed = tf.identity(size)
        return [array.stack(), array.read(1), closed]
    whole, row, size = in_session(x, build, soft_placement=True)
    yield from ((whole, x.numpy()), (row, x.numpy()[1]), (size, np.array(3)))
