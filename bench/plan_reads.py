"""The bytes that a plan's kernels read, by the text that EVERGPU_LOG=plan prints of it."""

import math
import re

SIZES = {"bool": 1, "i8": 1, "u8": 1, "f16": 2, "bf16": 2, "i16": 2, "u16": 2,
         "i32": 4, "u32": 4, "f32": 4, "i64": 8, "u64": 8, "f64": 8}
LAUNCH = re.compile(r"(launch \d+:|  then) (loop|library|pipeline) (.*?) <-(.*?) ->")
ARRAY = re.compile(r"(\w+)\[([\d,]*)\]")
# "%7", "%7(t+2048)"; with strides "%7[512,1]", and with an offset "%7[512,1]+3"
OPERAND = re.compile(r"%\d+(?:\([^)]*\))?(?:\[([-\d,]*)\])?")


def of_plans(text):
    """(kernels, bytes read) of all launches in the text, whatever else is in it. Each element of an
    operand counts once for each kernel or loop of one that reads it: a perfect cache within it, none
    between."""
    parts = [found.groups() for found in map(LAUNCH.match, text.splitlines()) if found]
    return (sum(start != "  then" for start, *_ in parts),
            sum(bytes_read(*part) for _, *part in parts))


def bytes_read(kind, kernel, operands):
    strides = [numbers(found) for found in OPERAND.findall(operands)]
    if kind == "pipeline":
        return read_by_pipeline(kernel, strides)
    return read_by_loop(kernel, strides) if kind == "loop" else read_by_library(kernel, strides)


def read_by_loop(kernel, strides):
    extents = numbers(kernel[1:kernel.index("]")])
    return sum(SIZES[dtype] * elements(extents, stride)
               for (_, dtype), stride in zip(loop_arrays(kernel), strides, strict=True))


def loop_arrays(kernel):
    """(number, dtype) of the arrays that a loop reads, in their order."""
    return sorted({(int(number), dtype) for dtype, number in re.findall(r"= (\w+) x(\d+)", kernel)})


def read_by_pipeline(kernel, strides):
    """A loop, a library kernel whose first operand that gives, and a loop that reads the result."""
    read = 0
    for part, (kind, text) in enumerate(part.split(" ", 1) for part in kernel.split(" => ")):
        given = kind == "library" and part == 1
        count = len(loop_arrays(text)) if kind == "loop" else len(operands_of(text)) - given
        arrays, strides = strides[:count], strides[count:]
        if kind == "loop":
            read += read_by_loop(text, arrays)
        else:
            read += sum(SIZES[dtype] * math.prod(shape) for dtype, shape in operands_of(text)[given:])
    return read


def operands_of(kernel):
    """(dtype, shape) of a library kernel's operands."""
    return [(dtype, numbers(shape)) for dtype, shape in ARRAY.findall(kernel.rsplit(" of ", 1)[1])]


def read_by_library(kernel, strides):
    operation = kernel.rsplit(" of ", 1)[0]
    dtypes, shapes = zip(*operands_of(kernel))
    read = [elements(*operand) for operand in zip(shapes, strides, strict=True)]
    if operation.split(" ")[1] in ("gather", "slice"):  # they read what they store of the first
        read[0] = min(read[0], math.prod(numbers(ARRAY.match(operation)[2])))
    return sum(SIZES[dtype] * count for dtype, count in zip(dtypes, read))


def elements(extents, strides):
    """How many elements an operand has: an axis along which it repeats, stride 0, counts once. Without
    strides it is dense."""
    return math.prod([extent for extent, stride in zip(extents, strides, strict=True) if stride]
                     if strides else extents)


def numbers(text):
    return tuple(map(int, filter(None, text.split(","))))
