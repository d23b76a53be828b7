"""How the programs of this package are written, and what no program can reach.

    @program("Squeeze")
    def squeeze(x):
        yield tf.raw_ops.Squeeze(input=x[None]), x.numpy()

A program takes a (3, 4) tensor on the device and yields (tensor, expected array) pairs; it runs
once for every dtype.
"""

import tensorflow as tf

from support import device

v1 = tf.compat.v1
PROGRAMS = {}
DTYPES = ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
          "uint16", "uint32", "uint64", "bool", "complex64", "complex128")

# Not reachable from a program on one evergpu device, and why.
UNREACHABLE = {
    **dict.fromkeys(("_XlaCompile", "_XlaMerge", "_XlaRun"), "XLA has no compiler for the device"),
    **dict.fromkeys(("_ScopedAllocator", "_ScopedAllocatorConcat", "_ScopedAllocatorSplit"),
                    "made by a graph pass for several collectives with NCCL"),
    **dict.fromkeys(("CollectiveReduceV2", "CollectiveGatherV2", "CollectiveAllToAllV2",
                     "CollectiveReduceScatterV2", "CollectiveAssignGroupV2", "CollectiveBcastSend",
                     "CollectiveBcastRecv", "CollectiveBcastSendV2", "CollectiveBcastRecvV2"),
                    "need two devices: test_distribution.py"),
    **dict.fromkeys(("_HostSend", "_HostRecv", "_HostCast", "_DeviceArg", "_DeviceRetval", "_Arg",
                     "_Retval", "_Send", "_Recv", "Send", "Recv", "_EagerConst", "_ReadVariablesOp",
                     "_VarHandlesOp", "_ArrayToList", "_ListToArray", "HostConst"),
                    "made by TensorFlow's runtime around functions and copies, which all tests use"),
    **dict.fromkeys(("_If", "_While", "For", "SymbolicGradient", "Fact", "RemoteCall",
                     "MakeWeakResourceHandle"),
                    "no Python function makes them in TensorFlow 2"),
    **dict.fromkeys(("Variable", "Stack", "StackPush", "StackPop", "StackClose"),
                    "removed from graphs of today; their V2 runs"),
    **dict.fromkeys(("DebugIdentity", "DebugIdentityV3", "Copy", "CopyHost"),
                    "inserted by the graph debugger, which writes files of its own"),
    **dict.fromkeys(("DataFormatDimMap", "DataFormatVecPermute"),
                    "registered under a label that only the layout optimizer sets"),
    "PlaceholderV2": "graphs of today may not contain it; Placeholder runs",
    "RefNextIteration": "loops of today pass on values, not references",
    "DevicePlacementOp": "a test op of TensorFlow's own",
    "BatchFunction": "a serving op that batches requests of several threads",
}

# Ops of programs that TensorFlow's runtime makes of others, so that nobody sees a call of them.
MADE_BY_THE_RUNTIME = {"PartitionedCall", "StatefulPartitionedCall", "_SwitchN"}


def program(*ops, dtypes=DTYPES):
    """Registers a program that runs these ops, for these dtypes."""
    def register(function):
        assert function.__name__ not in PROGRAMS
        PROGRAMS[function.__name__] = (function, ops, dtypes)
        return function
    return register


def in_session(x, build, soft_placement=False):
    """Builds and runs a graph of TensorFlow 1 without lowering to functions; `build` gets a tensor
    and returns tensors, or (fetched in order) operations."""
    value = x.numpy()
    enabled = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default(), tf.device(device.DEVICE):
            fed = v1.placeholder(x.dtype, (3, 4))
            fetches = build(fed)
            config = v1.ConfigProto(allow_soft_placement=soft_placement)
            with v1.Session(config=config) as session:
                session.run(v1.global_variables_initializer())
                return [session.run(f, {fed: value}) for f in fetches]
    finally:
        if enabled:
            v1.enable_control_flow_v2()
