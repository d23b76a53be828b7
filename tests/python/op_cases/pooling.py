"""Pooling and its gradients."""

import itertools

import numpy as np

from support.case import HALVES, Call, case
from support.reference import channels_last
from support.device import DRY_RUN

# shape (NHWC), window, strides, padding
POOL2D = (
    ((2, 6, 8, 3), (2, 2), (2, 2), "VALID"), ((1, 7, 5, 4), (3, 3), (2, 2), "SAME"),
    ((2, 5, 5, 1), (3, 2), (1, 1), "SAME"), ((1, 4, 9, 2), (1, 3), (1, 3), "VALID"),
    ((2, 4, 4, 2), (4, 4), (4, 4), "VALID"), ((1, 3, 3, 5), (2, 2), (3, 3), "SAME"),
)
POOL3D = (
    ((2, 4, 6, 4, 3), (2, 2, 2), (2, 2, 2), "VALID"), ((1, 5, 4, 3, 2), (3, 2, 2), (2, 1, 1), "SAME"),
    ((1, 3, 3, 3, 1), (3, 3, 3), (1, 1, 1), "SAME"),
)
FORMATS_2D = ("NHWC",) if DRY_RUN else ("NHWC", "NCHW")


def _pools(table, formats):
    for (shape, window, strides, padding), data_format in itertools.product(table, formats):
        channels_first = data_format[1] == "C"

        def full(values):
            return [1, 1, *values] if channels_first else [1, *values, 1]
        sizes = [-(-n // s) if padding == "SAME" else (n - w) // s + 1
                 for n, w, s in zip(shape[1:-1], window, strides)]
        result = (shape[0], *sizes, shape[-1])
        if channels_first:
            shape, result = ((s[0], s[-1], *s[1:-1]) for s in (shape, result))
        yield shape, result, dict(ksize=full(window), strides=full(strides), padding=padding,
                                  data_format=data_format)


def _image(c, shape):
    """No two values of a window are equal. The halves have few values: these repeat at a distance."""
    if c["T"] not in HALVES:
        return c.distinct(shape)
    steps = (7, 1, 5, 25, 11)[:len(shape)]
    lattice = sum(n * step for n, step in zip(np.indices(shape), steps)) % 127
    return (lattice / 8 - 8).astype(c["T"])


def _table(op):
    return (POOL3D, ("NDHWC",)) if "3D" in op else (POOL2D, FORMATS_2D)


@case("MaxPool", "MaxPool3D", reference=channels_last("input"))
def max_pool(c):
    for shape, _, attributes in _pools(*_table(c.op)):
        yield Call(input=_image(c, shape), **attributes)


@case("MaxPoolV2", reference=channels_last("input"))
def max_pool_v2(c):
    for shape, _, attributes in _pools(POOL2D, FORMATS_2D):
        for name in ("ksize", "strides"):
            attributes[name] = np.array(attributes[name], np.int32)
        yield Call(input=_image(c, shape), **attributes)


@case("AvgPool", "AvgPool3D", ulps=16, scale=1, reference=channels_last("value", "input"))
def average_pool(c):
    for shape, _, attributes in _pools(*_table(c.op)):
        yield Call(**{"value" if c.op == "AvgPool" else "input": c.array(shape)}, **attributes)


def _pooled(image, window, strides, padding, channels_first):
    """Maxima of windows, in NumPy: the original output that a max pool's gradient op is given."""
    if channels_first:
        image = np.moveaxis(image, 1, -1)
        window, strides = [1, *window[2:], 1], [1, *strides[2:], 1]
    pads = [(0, 0)]
    for n, w, s in zip(image.shape[1:-1], window[1:-1], strides[1:-1]):
        count = -(-n // s) if padding == "SAME" else (n - w) // s + 1
        total = max((count - 1) * s + w - n, 0) if padding == "SAME" else 0
        pads.append((total // 2, total - total // 2))
    padded = np.pad(image.astype(np.float64), [*pads, (0, 0)], constant_values=-np.inf)
    views = np.lib.stride_tricks.sliding_window_view(padded, window[1:-1],
                                                     axis=tuple(range(1, image.ndim - 1)))
    views = views[(slice(None), *(slice(None, None, s) for s in strides[1:-1]))]
    result = views.max(axis=tuple(range(image.ndim, views.ndim))).astype(image.dtype)
    return np.moveaxis(result, -1, 1) if channels_first else result


@case("MaxPoolGrad", "MaxPoolGradV2", "MaxPool3DGrad", ulps=16, scale=1, gradient=False,
      reference=channels_last("orig_input", "orig_output", "grad"))
def max_pool_gradient(c):
    for shape, result, attributes in _pools(*_table(c.op)):
        image = _image(c, shape)
        pooled = _pooled(image, attributes["ksize"], attributes["strides"], attributes["padding"],
                         attributes["data_format"][1] == "C")
        assert pooled.shape == result
        if c.op == "MaxPoolGradV2":
            for name in ("ksize", "strides"):
                attributes[name] = np.array(attributes[name], np.int32)
        yield Call(orig_input=image, orig_output=pooled, grad=c.array(result), **attributes)


@case("MaxPoolGradGrad", "MaxPoolGradGradV2", "MaxPool3DGradGrad", ulps=16, scale=1, gradient=False,
      reference=channels_last("orig_input", "orig_output", "grad"))
def max_pool_second_gradient(c):
    for shape, result, attributes in _pools(*_table(c.op)):
        image = _image(c, shape)
        pooled = _pooled(image, attributes["ksize"], attributes["strides"], attributes["padding"],
                         attributes["data_format"][1] == "C")
        assert pooled.shape == result
        if c.op.endswith("V2"):
            for name in ("ksize", "strides"):
                attributes[name] = np.array(attributes[name], np.int32)
        yield Call(orig_input=image, orig_output=pooled, grad=c.array(shape), **attributes)


@case("AvgPoolGrad", "AvgPool3DGrad", ulps=16, scale=1, reference=channels_last("grad"))
def average_pool_gradient(c):
    for shape, result, attributes in _pools(*_table(c.op)):
        yield Call(orig_input_shape=np.array(shape, np.int32), grad=c.array(result), **attributes)


@case("MaxPoolWithArgmax", gradient=False)
def max_pool_with_argmax(c):
    for shape, _, attributes in _pools(POOL2D, ("NHWC",)):
        del attributes["data_format"]
        for batched in (False, True):
            yield Call(input=_image(c, shape), Targmax=c.tf_dtype("Targmax"),
                       include_batch_in_index=batched, **attributes)


@case("MaxPoolGradWithArgmax", ulps=16, scale=1, gradient=False)
def max_pool_gradient_with_argmax(c):
    for shape, result, attributes in _pools(POOL2D, ("NHWC",)):
        del attributes["data_format"]
        for batched in (False, True):
            # Positions of the windows' maxima: any that exist in the image.
            elements = np.prod(shape) if batched else np.prod(shape[1:])
            yield Call(input=c.array(shape), grad=c.array(result), include_batch_in_index=batched,
                       argmax=c.random.integers(0, elements, result).astype(c["Targmax"]),
                       **attributes)
