"""Branches, loops, functions."""

import itertools

import numpy as np
import tensorflow as tf

from default_kernels.registry import in_session, program, v1
from support import device

raw = tf.raw_ops


@program("If", "StatelessIf", "Case", "StatelessCase", "PartitionedCall", "StatefulPartitionedCall",
         "FakeParam", "_SwitchN")
def branches(x):
    variable = tf.Variable(x)

    @tf.function
    def passed(x):
        return tf.identity(x)

    @tf.function
    def choose(flag, index):
        a = tf.cond(flag, lambda: tf.identity(x), lambda: variable.read_value())
        b = tf.switch_case(index, [lambda: x, lambda: tf.reshape(x, (3, 4)), variable.read_value])
        c = tf.cond(flag, lambda: tf.squeeze(x[None], 0), lambda: x)
        d = tf.switch_case(index, [lambda: passed(x), lambda: x, lambda: tf.identity(x)])
        return a, b, c, d

    for flag, index in itertools.product((True, False), (0, 1, 2)):
        yield from ((t, x.numpy()) for t in choose(tf.constant(flag), tf.constant(index)))
    yield tf.shape(raw.FakeParam(dtype=x.dtype, shape=[2])), np.array([2])


@program("Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "Placeholder",
         "ControlTrigger", "NoOp")
def dataflow_control(x):
    def build(fed):
        loop = v1.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, tf.identity(t)), (0, fed))
        chosen = v1.cond(tf.reduce_all(tf.equal(loop[0], 3)), lambda: tf.identity(loop[1]),
                         lambda: fed)
        with tf.control_dependencies([raw.ControlTrigger(), tf.no_op()]):
            return [tf.identity(chosen), loop[1]]
    yield from ((t, x.numpy()) for t in in_session(x, build))


@program("EagerPyFunc", "Assert")
def python_functions(x):
    result = tf.py_function(lambda t: tf.identity(t), [x], x.dtype)
    yield result, x.numpy()
    raw.Assert(condition=True, data=[x])


@program("DebugIdentityV2", "DebugNanCount", "DebugNumericSummary", dtypes=("float32", "float64"))
def debugging(x):
    value = x.numpy()
    yield raw.DebugIdentityV2(input=x), value
    yield raw.DebugNanCount(input=x, tensor_name="x:0"), np.array([0])
    yield raw.DebugNumericSummary(input=x, tensor_name="x:0")[:2], np.array([1.0, 12.0])


@program("MutexV2", "MutexLock", "ConsumeMutexLock", "DeviceIndex", "SyncDevice", dtypes=("float32",))
def small_things(x):
    mutex = raw.MutexV2()
    raw.ConsumeMutexLock(mutex_lock=raw.MutexLock(mutex=mutex))
    yield raw.DeviceIndex(device_names=["CPU", "GPU"]), np.array(1 if "GPU" in device.DEVICE else 0)
    raw.SyncDevice()


@program("IteratorGetNext", "OptionalFromValue", "OptionalGetValue", "OptionalHasValue",
         "IteratorGetNextAsOptional", "PrefetchDataset", "GeneratorDataset")
def datasets(x):
    value = x.numpy()
    with tf.device("/CPU:0"):
        data = tf.data.Dataset.from_tensor_slices(value).repeat(2)
        if "GPU" in device.DEVICE:
            data = data.apply(tf.data.experimental.prefetch_to_device(device.DEVICE))
        rows = list(data)
        next_row = iter(data).get_next_as_optional()
    for index, row in enumerate(rows):
        yield row, value[index % 3]
    yield next_row.get_value(), value[0]
    optional = tf.experimental.Optional.from_value(x)
    yield optional.get_value(), x.numpy()
    yield optional.has_value(), np.array(True)
