"""evergpu's Vulkan adapter beside ncnn and onnxruntime-webgpu, on the same driver in the same run.

    python -m venv .venv-peers && .venv-peers/bin/pip install -r bench/vulkan_peers.txt
    VK_DRIVER_FILES=$(scripts/fetch_mesa) .venv-peers/bin/python bench/vulkan_peers.py build/release/bench/vulkan_gemm

All compute in f32. A peer's time is that of five equal layers in a row less that of one, over four:
so neither copies to and from the device nor its set-up count. Rounds are interleaved; a ratio above 1
says how much longer the peer takes, as the median and the range of the rounds. Processor seconds are
those of all cores: with a software driver, they are what other work on the machine does not change.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import ncnn
import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROUNDS = 3
SECONDS = 0.5
ROWS = (
    "matmul 256 256 256",
    "matmul 512 512 512",
    "matmul 1024 1024 1024",
    "matmul 509 509 509",
    "convolution 1 56 64 64 1 1",
    "convolution 1 56 64 64 3 1",
    "convolution 1 28 128 128 3 1",
    "convolution 1 14 256 256 3 1",
    "convolution 1 7 512 512 3 1",
    "bottleneck 56 256 64",
    "bottleneck 28 512 128",
    "bottleneck 14 1024 256",
    "bottleneck 7 2048 512",
    "add 4194304",
    "softmax 4096 1000",
    "softmax 65536 64",
)


def convolutions(kind, numbers):
    """The input's channels and size, and the (taps, in, out) of a layer's convolutions; as in vulkan_gemm.cc."""
    if kind == "bottleneck":
        size, channels, inner = numbers
        return channels, size, [(1, channels, inner), (3, inner, inner), (1, inner, channels)]
    _, size, channels, _, taps, _ = numbers
    return channels, size, [(taps, channels, channels)]


def best(run):
    """The least seconds of the wall clock and of all cores that `run` took."""
    walls, processors = [], []
    end = time.perf_counter() + SECONDS
    while len(walls) < 3 or time.perf_counter() < end:
        wall, processor = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors)


class Peer:
    """A framework that runs a row's layer `count` times, each on the result of the one before."""

    def __init__(self):
        self.runs = {}

    def seconds(self, row):
        kind, *numbers = row.split()
        if row not in self.runs:
            self.runs[row] = [self.chain(kind, [int(n) for n in numbers], count) for count in (1, 5)]
        one, five = (best(run) for run in self.runs[row])
        return tuple((b - a) / 4 for a, b in zip(one, five))


class OnnxRuntime(Peer):
    name = "onnxruntime-webgpu"

    def chain(self, kind, numbers, count):
        if kind == "matmul":
            shape, weights, operators = numbers[:2], [numbers[1:]], [("MatMul", {})]
        elif kind in ("convolution", "bottleneck"):
            channels, size, layers = convolutions(kind, numbers)
            shape = [1, channels, size, size]
            weights = [[out, into, taps, taps] for taps, into, out in layers]
            operators = [("Conv", {"pads": [taps // 2] * 4}) for taps, _, _ in layers]
        elif kind == "add":
            shape, weights, operators = numbers, [numbers], [("Add", {})]
        else:
            shape, weights, operators = numbers, [], [("Softmax", {"axis": 1})]
        tensors = [numpy_helper.from_array(numpy.full(dims, 1e-3, numpy.float32), f"w{i}")
                   for i, dims in enumerate(weights)]
        nodes = []
        for n in range(count * len(operators)):
            operator, attributes = operators[n % len(operators)]
            operands = [f"x{n}", *[tensor.name for tensor in tensors[n % len(operators):][:1]]]
            nodes.append(helper.make_node(operator, operands, [f"x{n + 1}"], **attributes))
        result = nodes[-1].output[0]
        graph = helper.make_graph(
            nodes,
            "chain",
            [helper.make_tensor_value_info("x0", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, shape)],
            tensors,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["WebGpuExecutionProvider"])
        x = numpy.ones(shape, numpy.float32)
        return lambda: session.run(None, {"x0": x})


def mat(array):
    """A copy: ncnn.Mat(array) alone keeps no reference to the array's memory."""
    return ncnn.Mat(array).clone()


class Ncnn(Peer):
    name = "ncnn"

    def chain(self, kind, numbers, count):
        second = None  # an operand that every layer reads
        model = b""
        if kind == "matmul":
            shape, second = numbers[:2], numbers[1:]
            layers = ["Gemm layer{0} 2 1 x{0} w{0} x{1}"]
        elif kind in ("convolution", "bottleneck"):
            channels, size, parts = convolutions(kind, numbers)
            shape = [channels, size, size]
            layers = []
            for taps, into, out in parts:
                elements = into * out * taps * taps
                layers.append(f"Convolution layer{{0}} 1 1 x{{0}} x{{1}} 0={out} 1={taps} 4={taps // 2} 6={elements}")
                model += b"\0\0\0\0" + numpy.full(elements, 1e-3, numpy.float32).tobytes()
            model *= count
        elif kind == "add":
            shape = second = numbers
            layers = ["BinaryOp layer{0} 2 1 x{0} w{0} x{1} 0=0"]
        else:
            shape = numbers
            layers = ["Softmax layer{0} 1 1 x{0} x{1} 0=1 1=1"]
        layers *= count
        lines = ["Input x 0 1 x0"]
        blobs = len(layers) + 1
        if second:
            outputs = " ".join(f"w{i}" for i in range(count))
            lines += ["Input w 0 1 w", f"Split split 1 {count} w {outputs}"]
            blobs += count + 1
        lines += [layer.format(i, i + 1) for i, layer in enumerate(layers)]
        net = ncnn.Net()
        net.opt.use_vulkan_compute = True
        for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
            setattr(net.opt, option, False)
        net.load_param_mem("\n".join(["7767517", f"{len(lines)} {blobs}", *lines, ""]))
        with tempfile.NamedTemporaryFile() as file:  # load_model_mem keeps no reference to its bytes
            file.write(model)
            file.flush()
            net.load_model(file.name)
        x = mat(numpy.ones(shape, numpy.float32))
        w = mat(numpy.full(second, 1e-3, numpy.float32)) if second else None

        def run():
            extractor = net.create_extractor()
            extractor.input("x0", x)
            if second:
                extractor.input("w", w)
            status, result = extractor.extract(f"x{len(layers)}")
            assert status == 0 and result.total() > 0, kind

        return run


class Evergpu:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, row):
        self.process.stdin.write(row + "\n")
        self.process.stdin.flush()
        return tuple(float(word) for word in self.process.stdout.readline().split())


def ratio(ours, theirs, clock):
    ratios = [t[clock] / o[clock] for o, t in zip(ours, theirs)]
    return f"{statistics.median(ratios):5.1f} ({min(ratios):.1f} to {max(ratios):.1f})"


def main():
    evergpu = Evergpu(sys.argv[1])
    peers = [Ncnn(), OnnxRuntime()]
    print(f"driver: {os.environ.get('VK_DRIVER_FILES', 'the system default')}; {ROUNDS} rounds")
    for row in sys.argv[2:] or ROWS:
        ours, theirs = [], {peer: [] for peer in peers}
        for _ in range(ROUNDS):
            ours.append(evergpu.seconds(row))
            for peer in peers:
                theirs[peer].append(peer.seconds(row))
        wall, processor = (statistics.median(o[clock] for o in ours) * 1e3 for clock in (0, 1))
        print(f"{row}: evergpu {wall:.3f} ms, {processor:.3f} ms of processor")
        for peer in peers:
            print(f"    {peer.name:<20} wall {ratio(ours, theirs[peer], 0)}, processor {ratio(ours, theirs[peer], 1)}", flush=True)


if __name__ == "__main__":
    main()
