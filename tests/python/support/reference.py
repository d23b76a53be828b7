"""References for what TensorFlow's CPU device has no kernels for: channels first, dilation and
groups in gradients. Each takes an op's name and its arguments as tensors, and returns its outputs."""

import re

import numpy as np
import tensorflow as tf
from tensorflow.compiler.tf2xla.ops import gen_xla_ops


def _to_last(tensor):
    return tf.transpose(tensor, [0, *range(2, tensor.shape.rank), 1])


def _to_first(tensor):
    rank = tensor.shape.rank
    return tf.transpose(tensor, [0, rank - 1, *range(1, rank - 1)])


def _is_channels_first(arguments):
    return arguments.get("data_format", "NHWC")[1] == "C"


def raw(op, arguments):
    if op.startswith("Xla"):  # which raw_ops leave out
        return getattr(gen_xla_ops, re.sub("(?<!^)([A-Z])", r"_\1", op).lower())(**arguments)
    return getattr(tf.raw_ops, op)(**arguments)


def channels_last(*images):
    """A reference that runs the op with channels last; `images` are its arguments with channels."""
    def reference(op, arguments):
        if not _is_channels_first(arguments):
            return raw(op, arguments)
        moved = dict(arguments)
        moved["data_format"] = "NDHWC" if len(arguments["data_format"]) == 5 else "NHWC"
        for name, value in arguments.items():
            if name in images:
                moved[name] = _to_last(value)
            elif name in ("ksize", "strides", "orig_input_shape"):
                n, c, *spatial = list(value)
                moved[name] = [n, *spatial, c]
                if isinstance(value, tf.Tensor):
                    moved[name] = tf.stack(moved[name])
        outputs = raw(op, moved)
        if isinstance(outputs, tf.Tensor):
            return _to_first(outputs) if outputs.shape.rank > 3 else outputs
        return [_to_first(t) if t.shape.rank > 3 else t for t in outputs]
    return reference


_LIKE = {"Conv2DBackpropInputV2": ("Conv2DBackpropInput", "input"),
         "Conv2DBackpropFilterV2": ("Conv2DBackpropFilter", "filter")}


def convolution(op, arguments):
    """Conv2D, Conv3D and DepthwiseConv2dNative, and by automatic differentiation their gradients."""
    if "filter" in arguments and arguments["filter"].dtype.is_integer:
        dtype = arguments["filter"].dtype
        wide = {n: tf.cast(v, tf.float64) if isinstance(v, tf.Tensor) and "sizes" not in n else v
                for n, v in arguments.items()}
        return tf.cast(convolution(op, wide), dtype)
    if op == "Conv":
        first = arguments["data_format"] == "CHANNELS_FIRST"
        arguments = {**arguments, "data_format": "NCHW" if first else "NHWC"}
        del arguments["groups"]
        return convolution("Conv2D", arguments)
    if op in _LIKE:  # the older op, which takes a shape
        name, likeness = _LIKE[op]
        shape = tf.constant(list(arguments[likeness].shape))
        arguments = {n: v for n, v in arguments.items() if n != likeness}
        return convolution(name, {**arguments, f"{likeness}_sizes": shape})
    if _is_plain(op, arguments):
        return raw(op, arguments)
    upstream = arguments.get("out_backprop")
    image, kernel = arguments.get("input"), arguments.get("filter")
    if upstream is None:
        return _forward(op, image, kernel, arguments)
    if image is None:
        image = wanted = tf.zeros(arguments["input_sizes"], upstream.dtype)
    else:
        kernel = wanted = tf.zeros(arguments["filter_sizes"], upstream.dtype)
    with tf.GradientTape() as tape:
        tape.watch(wanted)
        result = _forward(op, image, kernel, arguments)
    return tape.gradient(result, wanted, output_gradients=upstream)


def _is_plain(op, arguments):
    if _is_channels_first(arguments) or any(d != 1 for d in arguments.get("dilations", [1])):
        return False
    if "Depthwise" in op or "3D" in op:
        return True
    image = arguments["input"].shape if "input" in arguments else arguments["input_sizes"].numpy()
    kernel = arguments["filter"].shape if "filter" in arguments \
        else arguments["filter_sizes"].numpy()
    return image[-1] == kernel[-2]


def _forward(op, image, kernel, arguments):
    first = _is_channels_first(arguments)

    def spatial(values):
        return list(values)[2:] if first else list(values)[1:-1]
    strides, padding = spatial(arguments["strides"]), arguments["padding"]
    for axis, dilation in enumerate(spatial(arguments.get("dilations", [1] * 5))[:len(strides)]):
        kernel = _dilated(kernel, axis, dilation)
    if first:
        image = _to_last(image)
    if padding == "EXPLICIT":
        flat = arguments["explicit_paddings"]
        pairs = spatial([flat[i:i + 2] for i in range(0, len(flat), 2)])
        image, padding = tf.pad(image, [[0, 0], *pairs, [0, 0]]), "VALID"
    attributes = dict(strides=[1, *strides, 1], padding=padding)
    if "Depthwise" in op:
        result = tf.raw_ops.DepthwiseConv2dNative(input=image, filter=kernel, **attributes)
    else:
        groups = image.shape[-1] // kernel.shape[-2]
        forward = tf.raw_ops.Conv3D if "3D" in op else tf.raw_ops.Conv2D
        result = tf.concat([forward(input=x, filter=w, **attributes) for x, w in
                            zip(tf.split(image, groups, -1), tf.split(kernel, groups, -1))], -1)
    return _to_first(result) if first else result


def _dilated(kernel, axis, dilation):
    """The kernel with dilation - 1 zeros between its taps along an axis."""
    if dilation == 1:
        return kernel
    taps = tf.split(kernel, kernel.shape[axis], axis)
    zeros = [tf.zeros_like(taps[0])] * (dilation - 1)
    pieces = [piece for tap in taps for piece in (tap, *zeros)]
    return tf.concat(pieces[:len(pieces) - len(zeros)], axis)


def row_updates(op, arguments):
    """The CPU's in-place ops write into their argument, which is ours."""
    x, rows, v = arguments["x"], arguments["i"], arguments["v"]
    scatter = {"InplaceAdd": tf.tensor_scatter_nd_add, "InplaceSub": tf.tensor_scatter_nd_sub,
               "InplaceUpdate": tf.tensor_scatter_nd_update}[op]
    return scatter(x, rows[:, None], v)


def dynamic_slices(op, arguments):
    """By NumPy, since the CPU device compiles for every shape; starts are clamped."""
    x, update = arguments["input"].numpy(), arguments.get("update")
    starts = arguments["start_indices" if update is None else "indices"].numpy()
    sizes = arguments["size_indices"].numpy() if update is None else update.shape
    part = tuple(slice(start, start + size) for start, size in
                 zip(np.clip(starts, 0, np.array(x.shape) - sizes), sizes))
    if update is None:
        return tf.constant(x[part])
    x[part] = update.numpy()
    return tf.constant(x)


def mixed_matmul(op, arguments):
    """BatchMatMulV3 in one wide dtype."""
    wide = tf.int64 if arguments["Tout"].is_integer else tf.float64
    product = tf.raw_ops.BatchMatMulV2(x=tf.cast(arguments["x"], wide),
                                       y=tf.cast(arguments["y"], wide), adj_x=arguments["adj_x"],
                                       adj_y=arguments["adj_y"])
    return tf.cast(product, arguments["Tout"])


def segments_with_count(op, arguments):
    """The V2 ops have no CPU kernel."""
    if not op.endswith("V2"):
        return raw(op, arguments)
    return raw("Unsorted" + op[:-2], arguments)
