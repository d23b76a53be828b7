"""What keeps tensors between steps: stacks, queues, staging areas, session handles."""

import numpy as np
import tensorflow as tf

from default_kernels.registry import in_session, program, v1
from support import device

raw = tf.raw_ops


@program("StackV2", "StackPushV2", "StackPopV2", "StackCloseV2")
def stacks(x):
    for swap in (False, True):
        def build(fed):
            stack = raw.StackV2(max_size=4, elem_type=fed.dtype, stack_name="s")
            pushed = raw.StackPushV2(handle=stack, elem=fed, swap_memory=swap)
            with tf.control_dependencies([pushed]):
                popped = raw.StackPopV2(handle=stack, elem_type=fed.dtype)
            with tf.control_dependencies([popped]):
                close = raw.StackCloseV2(handle=stack)
            with tf.control_dependencies([close]):
                return [tf.identity(popped)]
        yield in_session(x, build)[0], x.numpy()


@program("GetSessionHandle", "GetSessionHandleV2", "GetSessionTensor", "DeleteSessionTensor")
def session_handles(x):
    with tf.Graph().as_default(), tf.device(device.DEVICE), v1.Session() as session:
        session.run(raw.GetSessionHandleV2(value=tf.constant(x.numpy())).op)
        handle = session.run(v1.get_session_handle(tf.constant(x.numpy())))
        place, tensor = v1.get_session_tensor(handle.handle, x.dtype)
        yield session.run(tensor, {place: handle.handle}), x.numpy()
        handle.delete()


@program("Stage", "Unstage", "StagePeek", "StageSize", "StageClear")
def staging(x):
    def build(fed):
        put = raw.Stage(values=[fed], shared_name="area")
        with tf.control_dependencies([put]):
            peeked = raw.StagePeek(index=tf.constant(0), dtypes=[fed.dtype], shared_name="area")
            with tf.control_dependencies(peeked):
                size = raw.StageSize(dtypes=[fed.dtype], shared_name="area")
                with tf.control_dependencies([size]):
                    taken = raw.Unstage(dtypes=[fed.dtype], shared_name="area")
        with tf.control_dependencies([taken[0], raw.Stage(values=[fed], shared_name="cleared")]):
            clear = raw.StageClear(dtypes=[fed.dtype], shared_name="cleared")
        with tf.control_dependencies([clear]):
            left = raw.StageSize(dtypes=[fed.dtype], shared_name="cleared")
        return [(peeked[0], size, taken[0], left)]
    (peeked, size, taken, left), = in_session(x, build)
    yield from ((peeked, x.numpy()), (size, np.array(1)), (taken, x.numpy()), (left, np.array(0)))


@program("MapStage", "MapUnstage", "MapPeek", "MapSize", "MapUnstageNoKey", "MapIncompleteSize",
         "OrderedMapStage", "OrderedMapUnstage", "OrderedMapPeek", "OrderedMapSize",
         "OrderedMapUnstageNoKey", "OrderedMapIncompleteSize", "MapClear", "OrderedMapClear")
def map_staging(x):
    for prefix in ("", "Ordered"):
        def op(name):
            return getattr(raw, f"{prefix}Map{name}")

        def build(fed):
            area = dict(dtypes=[fed.dtype], shared_name=prefix + "map")
            with tf.device("/CPU:0"):
                key = tf.constant(7, tf.int64)
            put = op("Stage")(key=key, indices=tf.constant([0]), values=[fed], **area)
            with tf.control_dependencies([put]):
                peeked = op("Peek")(key=key, indices=tf.constant([0]), **area)
                with tf.control_dependencies([*peeked, op("Size")(**area)]):
                    taken = op("Unstage")(key=key, indices=tf.constant([0]), **area)
            area["shared_name"] += "-without-keys"
            put = op("Stage")(key=key, indices=tf.constant([0]), values=[fed], **area)
            with tf.control_dependencies([put]):
                size = op("Size")(**area)
            with tf.control_dependencies([size]):
                found, value = op("UnstageNoKey")(indices=tf.constant([0]), **area)
            with tf.control_dependencies([value[0]]):
                incomplete = op("IncompleteSize")(**area)
            with tf.control_dependencies([incomplete]):
                clear = op("Clear")(**area)
            with tf.control_dependencies([clear]):
                return [(peeked[0], taken[0], size, found, value[0], tf.identity(incomplete))]
        (peeked, taken, size, found, value, incomplete), = in_session(x, build)
        yield from ((t, x.numpy()) for t in (peeked, taken, value))
        yield from ((size, np.array(1)), (found, np.array(7)), (incomplete, np.array(0)))


@program("FIFOQueueV2", "QueueEnqueueV2", "QueueDequeueV2", "QueueSizeV2", "QueueCloseV2")
def queues(x):
    def build(fed):
        queue = raw.FIFOQueueV2(component_types=[fed.dtype], shapes=[[3, 4]])
        with tf.control_dependencies([raw.QueueEnqueueV2(handle=queue, components=[fed])]):
            taken = raw.QueueDequeueV2(handle=queue, component_types=[fed.dtype])
        with tf.control_dependencies(taken):
            size = raw.QueueSizeV2(handle=queue)
        with tf.control_dependencies([size, taken[0]]):
            close = raw.QueueCloseV2(handle=queue)
        with tf.control_dependencies([close]):
            return [(tf.identity(taken[0]), size)]
    (taken, size), = in_session(x, build)
    yield from ((taken, x.numpy()), (size, np.array(0)))


@program("QueueIsClosedV2", dtypes=("float32",))
def closed_queues(x):
    """TensorFlow's kernel would crash; ours says what to do."""
    def build(fed):
        return [raw.QueueIsClosedV2(handle=raw.FIFOQueueV2(component_types=[fed.dtype]))]
    try:
        found = str(in_session(x, build)[0])
    except tf.errors.UnimplementedError as error:
        found = "refused" if "tf.device('/CPU:0')" in str(error) else str(error)
    yield found, "False" if device.DRY_RUN else "refused"
