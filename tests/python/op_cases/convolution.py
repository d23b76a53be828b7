"""Convolutions and their gradients."""

import itertools

import numpy as np

from support import reference
from support.case import Call, case
from support.device import DRY_RUN


def _explicit(data_format, *spatial):
    pairs = [(0, 0), *spatial, (0, 0)] if data_format == "NHWC" else [(0, 0), (0, 0), *spatial]
    return [n for pair in pairs for n in pair]


# batch, spatial, filter, channels in, channels out, groups, strides, dilations, padding
CONV2D = (
    (2, (5, 7), (3, 3), 4, 6, 1, (1, 1), (1, 1), "SAME"),
    (1, (8, 8), (1, 1), 3, 5, 1, (1, 1), (1, 1), "VALID"),
    (2, (9, 6), (3, 2), 2, 4, 1, (2, 2), (1, 1), "SAME"),
    (2, (9, 10), (2, 4), 3, 2, 1, (2, 3), (1, 1), "VALID"),
    (1, (11, 12), (3, 3), 2, 3, 1, (1, 1), (2, 3), "SAME"),
    (2, (6, 6), (3, 3), 4, 6, 2, (1, 1), (1, 1), "SAME"),
    (1, (6, 5), (3, 3), 3, 2, 1, (2, 1), (1, 1), ((1, 2), (0, 2))),
    (1, (4, 4), (5, 5), 2, 2, 1, (1, 1), (1, 1), "SAME"),
    (3, (1, 1), (1, 1), 1, 1, 1, (1, 1), (1, 1), "SAME"),
    (2, (1, 7), (1, 3), 3, 4, 1, (1, 2), (1, 1), "VALID"),
    (2, (16, 16), (3, 3), 16, 16, 1, (1, 1), (1, 1), "SAME"),
)
FORMATS_2D = ("NHWC",) if DRY_RUN else ("NHWC", "NCHW")
OPTIONS = dict(ulps=64, scale="max", gradient_ulps=128, reference=reference.convolution)


def _order(shape, data_format):
    batch, *spatial, channels = shape
    return (batch, channels, *spatial) if "C" == data_format[1] else shape


def _attributes(strides, dilations, padding, data_format):
    def full(values):
        return [1, *values, 1] if data_format == "NHWC" else [1, 1, *values]
    explicit = not isinstance(padding, str)
    return dict(strides=full(strides), dilations=full(dilations), data_format=data_format,
                padding="EXPLICIT" if explicit else padding,
                explicit_paddings=_explicit(data_format, *padding) if explicit else [])


def _output_shape(batch, spatial, window, out, strides, dilations, padding):
    sizes = []
    for axis, size in enumerate(spatial):
        reach = (window[axis] - 1) * dilations[axis] + 1
        if padding == "SAME":
            sizes.append(-(-size // strides[axis]))
        else:
            extra = 0 if padding == "VALID" else sum(padding[axis])
            sizes.append((size + extra - reach) // strides[axis] + 1)
    return (batch, *sizes, out)


def _conv2d_shapes():
    for case_, data_format in itertools.product(CONV2D, FORMATS_2D):
        batch, spatial, window, channels, out, groups, strides, dilations, padding = case_
        image = (batch, *spatial, channels)
        kernel = (*window, channels // groups, out)
        result = _output_shape(batch, spatial, window, out, strides, dilations, padding)
        yield (_order(image, data_format), kernel, _order(result, data_format),
               _attributes(strides, dilations, padding, data_format))


@case("Conv2D", **OPTIONS)
def conv2d(c):
    for image, kernel, _, attributes in _conv2d_shapes():
        yield Call(input=c.array(image), filter=c.array(kernel), **attributes)


@case("Conv2DBackpropInput", **OPTIONS)
def conv2d_by_input(c):
    for image, kernel, result, attributes in _conv2d_shapes():
        yield Call(input_sizes=np.array(image, np.int32), filter=c.array(kernel),
                   out_backprop=c.array(result), **attributes)


@case("Conv2DBackpropFilter", **OPTIONS)
def conv2d_by_filter(c):
    for image, kernel, result, attributes in _conv2d_shapes():
        yield Call(input=c.array(image), filter_sizes=np.array(kernel, np.int32),
                   out_backprop=c.array(result), **attributes)


# batch, spatial, filter, channels, multiplier, stride, dilations, padding
DEPTHWISE = (
    (2, (5, 7), (3, 3), 4, 1, 1, (1, 1), "SAME"),
    (1, (8, 8), (1, 1), 3, 2, 1, (1, 1), "VALID"),
    (2, (9, 6), (3, 2), 2, 3, 2, (1, 1), "SAME"),
    (1, (11, 12), (3, 3), 3, 1, 1, (2, 2), "VALID"),
    (1, (6, 6), (3, 3), 8, 1, 1, (1, 1), ((1, 2), (0, 2))),
)


def _depthwise_shapes():
    for case_, data_format in itertools.product(DEPTHWISE, FORMATS_2D):
        batch, spatial, window, channels, multiplier, stride, dilations, padding = case_
        image = (batch, *spatial, channels)
        result = _output_shape(batch, spatial, window, channels * multiplier, (stride, stride),
                               dilations, padding)
        yield (_order(image, data_format), (*window, channels, multiplier),
               _order(result, data_format),
               _attributes((stride, stride), dilations, padding, data_format))


@case("DepthwiseConv2dNative", **OPTIONS)
def depthwise(c):
    for image, kernel, _, attributes in _depthwise_shapes():
        yield Call(input=c.array(image), filter=c.array(kernel), **attributes)


@case("DepthwiseConv2dNativeBackpropInput", **OPTIONS)
def depthwise_by_input(c):
    for image, kernel, result, attributes in _depthwise_shapes():
        yield Call(input_sizes=np.array(image, np.int32), filter=c.array(kernel),
                   out_backprop=c.array(result), **attributes)


@case("DepthwiseConv2dNativeBackpropFilter", **OPTIONS)
def depthwise_by_filter(c):
    for image, kernel, result, attributes in _depthwise_shapes():
        yield Call(input=c.array(image), filter_sizes=np.array(kernel, np.int32),
                   out_backprop=c.array(result), **attributes)


# batch, spatial, filter, channels in, channels out, strides, padding
CONV3D = (
    (2, (4, 5, 6), (3, 3, 3), 2, 3, (1, 1, 1), "SAME"),
    (1, (5, 5, 4), (1, 2, 3), 3, 2, (1, 1, 1), "VALID"),
    (2, (6, 4, 5), (2, 2, 2), 2, 2, (2, 1, 2), "SAME"),
    (1, (3, 1, 1), (1, 1, 1), 1, 1, (1, 1, 1), "SAME"),
)


def _conv3d_shapes():
    for batch, spatial, window, channels, out, strides, padding in CONV3D:
        result = _output_shape(batch, spatial, window, out, strides, (1, 1, 1), padding)
        yield ((batch, *spatial, channels), (*window, channels, out), result,
               dict(strides=[1, *strides, 1], padding=padding))


@case("Conv3D", **OPTIONS)
def conv3d(c):
    for image, kernel, _, attributes in _conv3d_shapes():
        yield Call(input=c.array(image), filter=c.array(kernel), **attributes)


@case("Conv3DBackpropInputV2", **OPTIONS)
def conv3d_by_input(c):
    for image, kernel, result, attributes in _conv3d_shapes():
        yield Call(input_sizes=c.integers(image, "Tshape"), filter=c.array(kernel),
                   out_backprop=c.array(result), **attributes)


@case("Conv3DBackpropFilterV2", **OPTIONS)
def conv3d_by_filter(c):
    for image, kernel, result, attributes in _conv3d_shapes():
        yield Call(input=c.array(image), filter_sizes=np.array(kernel, np.int32),
                   out_backprop=c.array(result), **attributes)


@case("Conv2DBackpropInputV2", "Conv2DBackpropFilterV2", **OPTIONS)
def conv2d_gradients_v2(c):
    for image, kernel, result, attributes in _conv2d_shapes():
        yield Call(input=c.array(image), filter=c.array(kernel), out_backprop=c.array(result),
                   **attributes).options(gradient=False)


@case("Conv", **OPTIONS)
def general(c):
    for image, kernel, _, attributes in _conv2d_shapes():
        last = attributes.pop("data_format") == "NHWC"
        yield Call(input=c.array(image), filter=c.array(kernel), **attributes,
                   data_format="CHANNELS_LAST" if last else "CHANNELS_FIRST",
                   groups=image[-1 if last else 1] // kernel[-2]).options(gradient=False)
