"""The cost of recording an op: chained additions of small tensors in a tf.function, beside
TensorFlow's CPU device. The time counted is that of the call, without the results' arrival.

    python bench/dispatch.py [--ops 1000] [--rounds 15]
"""

import argparse
import os
import statistics
import sys
import time


def chain(tf, length, device):
    @tf.function
    def run(x, y):
        for _ in range(length):
            x = x + y
        return x

    # Constants of a graph are folded, and additions merged: this measures ops, not the optimizer.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    with tf.device(device):
        x, y = tf.zeros((8,)), tf.ones((8,))
        graph = run.get_concrete_function(x, y)
    additions = sum(op.type == "AddV2" for op in graph.graph.get_operations())
    if additions != length:
        raise SystemExit(f"the graph has {additions} additions instead of {length}")

    def call():
        with tf.device(device):
            return graph(x, y)
    return call


def microseconds(call, length):
    """(recording, until the result is there), each an op."""
    begin = time.perf_counter()
    result = call()
    recorded = time.perf_counter()
    value = result.numpy()
    end = time.perf_counter()
    if value[0] != length:
        raise SystemExit(f"wrong sum {value[0]}")
    return (recorded - begin) * 1e6 / length, (end - begin) * 1e6 / length


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ops", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    devices = ["/GPU:0"] if tf.config.list_physical_devices("GPU") else []
    calls = {device: chain(tf, arguments.ops, device) for device in [*devices, "/CPU:0"]}
    times = {device: [] for device in calls}
    for number in range(arguments.rounds + 3):
        for device, call in calls.items():
            measured = microseconds(call, arguments.ops)
            if number >= 3:
                times[device].append(measured)
    for device, rounds in times.items():
        label = "evergpu" if device == "/GPU:0" else "TensorFlow's CPU device"
        call, whole = (statistics.median(column) for column in zip(*rounds))
        low, high = min(r[0] for r in rounds), max(r[0] for r in rounds)
        print(f"{label:24} {call:6.3f} µs an op to record [{low:.3f} .. {high:.3f}], "
              f"{whole:6.3f} µs with its result")
    if not devices:
        print("no evergpu device")
    return 0


if __name__ == "__main__":
    sys.exit(main())
