"""The bytes that a plan's kernels read, by the text that EVERGPU_LOG=plan prints of it."""

import math
import re

SIZES = {"bool": 1, "i8": 1, "u8": 1, "f16": 2, "bf16": 2, "i16": 2, "u16": 2,
         "i32": 4, "u32": 4, "f32": 4, "i64": 8, "u64": 8, "f64": 8}
LAUNCH = re.compile(r"(launch \d+:|  then) (loop|library) (.*?) <-(.*?) ->")
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
    return read_by_loop(kernel, strides) if kind == "loop" else read_by_library(kernel, strides)


def read_by_loop(kernel, strides):
    extents = numbers(kernel[1:kernel.index("]")])
    dtypes = {int(operand): dtype for dtype, operand in re.findall(r"= (\w+) x(\d+)", kernel)}
    return sum(SIZES[dtype] * elements(extents, strides[operand])
               for operand, dtype in dtypes.items())


def read_by_library(kernel, strides):
    operation, operands = kernel.rsplit(" of ", 1)
    dtypes, shapes = zip(*((dtype, numbers(shape)) for dtype, shape in ARRAY.findall(operands)))
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
