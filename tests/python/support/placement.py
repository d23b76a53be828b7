"""Where the ops of a computation ran, from the graphs that TensorFlow executed."""

from tensorflow.python.eager import context

_FLOATING = {1, 2, 14, 19}  # float, double, bfloat16, half in types.proto
# Transfers and what feeds a step: their tensors come from, or go to, the host.
_TRANSFERS = {"_Send", "_Recv", "_HostSend", "_HostRecv", "_Arg", "_Retval", "_DeviceArg",
              "_DeviceRetval", "IteratorGetNext", "IteratorGetNextAsOptional", "OptionalGetValue",
              "OptionalFromValue", "If", "StatelessIf", "While", "StatelessWhile",
              "PartitionedCall", "StatefulPartitionedCall", "Identity", "IdentityN", "NoOp"}


def of(computation):
    """The nodes of every graph that a computation executes, with their devices."""
    context.context().enable_run_metadata()
    try:
        computation()
        metadata = context.context().export_run_metadata()
    finally:
        context.context().disable_run_metadata()
    return [node for functions in metadata.function_graphs for graph in functions.partition_graphs
            for node in graph.node]


def floating_elsewhere(nodes):
    """Names of computing nodes with floating-point types that are not on the device."""
    return [f"{node.op} {node.name} on {node.device}" for node in nodes
            if "GPU:0" not in node.device and node.op not in _TRANSFERS and _is_floating(node)
            and not _is_trigger(node)]


def _is_trigger(node):
    """A constant that a graph pass made for a control edge across devices: nobody reads it."""
    return node.op == "Const" and "/ctrl" in node.name


def _is_floating(node):
    return any(node.attr[name].type in _FLOATING for name in ("T", "dtype", "SrcT", "DstT")
               if name in node.attr)
