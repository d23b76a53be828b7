"""Resource variables, and the reference variables of TensorFlow 1."""

import numpy as np
import tensorflow as tf

from default_kernels.registry import in_session, program, v1

raw = tf.raw_ops


@program("VarHandleOp", "ReadVariableOp", "AssignVariableOp", "VarIsInitializedOp", "VariableShape",
         "DestroyResourceOp", "DisableCopyOnRead")
def resource_variable(x):
    value = x.numpy()
    handle = raw.VarHandleOp(dtype=x.dtype, shape=[3, 4], shared_name=f"variable-{x.dtype.name}")
    raw.AssignVariableOp(resource=handle, value=x)
    yield raw.VarIsInitializedOp(resource=handle), np.array(True)
    yield raw.ReadVariableOp(resource=handle, dtype=x.dtype), value
    yield raw.VariableShape(input=handle), np.array((3, 4))
    raw.DisableCopyOnRead(resource=handle)
    raw.AssignVariableOp(resource=handle, value=tf.identity(x))
    yield raw.ReadVariableOp(resource=handle, dtype=x.dtype), value
    raw.DestroyResourceOp(resource=handle)


@program("AssignAddVariableOp", "AssignSubVariableOp")
def variable_updates(x):
    if x.dtype == tf.bool:
        return
    variable = tf.Variable(x)
    variable.assign_add(x)
    variable.assign_sub(x)
    yield variable.read_value(), x.numpy()


@program("ResourceGather", "ResourceScatterUpdate")
def variable_rows(x):
    variable = tf.Variable(x)
    yield variable.sparse_read([2, 0]), x.numpy()[[2, 0]]
    variable.scatter_update(tf.IndexedSlices(x[:1], [1]))
    yield variable.read_value()[1], x.numpy()[0]


@program("VariableV2", "IsVariableInitialized", "RefSwitch", "RefMerge", "RefEnter", "RefExit",
         "RefIdentity", "TemporaryVariable", "DestroyTemporaryVariable")
def reference_variables(x):
    def build(fed):
        variable = v1.Variable(x.numpy(), use_resource=False)
        switched = raw.RefSwitch(data=variable._ref(), pred=tf.constant(True))
        merged = raw.RefMerge(inputs=[switched[0], switched[1]])
        entered = raw.RefEnter(data=variable._ref(), frame_name="frame")
        temporary = raw.TemporaryVariable(shape=[3, 4], dtype=fed.dtype, var_name="t")
        assigned = v1.assign(temporary, fed)
        destroyed = raw.DestroyTemporaryVariable(ref=assigned, var_name="t")
        return [raw.IsVariableInitialized(ref=variable._ref()),
                raw.RefIdentity(input=variable._ref()), tf.identity(merged[0]),
                tf.identity(raw.RefExit(data=raw.RefIdentity(input=entered))), destroyed]
    initialized, *values = in_session(x, build)
    yield initialized, np.array(True)
    yield from ((t, x.numpy()) for t in values)
