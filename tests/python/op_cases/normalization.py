"""Softmax and batch normalization."""

import numpy as np

from support.case import Call, case
from support.device import DRY_RUN
from support.reference import channels_last


@case("Softmax", "LogSoftmax", ulps=16, scale="max")
def softmax(c):
    for shape in ((1,), (7,), (3, 5), (13, 1), (0, 4), (2, 3, 4), (5, 1031), (2, 1, 3, 2, 4)):
        yield Call(logits=c.array(shape, low=-6, high=6))
    yield Call(logits=(c.array((4, 9)) * 40).astype(c["T"]))


FORMATS = ("NHWC",) if DRY_RUN else ("NHWC", "NCHW")


def _batch(c, data_format):
    shape = (3, 4, 5, 6) if data_format == "NHWC" else (3, 6, 4, 5)
    return c.array(shape), 6


@case("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", ulps=256, scale="max",
      gradient_ulps=512, reference=channels_last("x"), outputs=3)
def batch_norm(c):
    parameter = "T" if c.op == "FusedBatchNorm" else "U"
    for data_format in FORMATS:
        for training in (True, False):
            x, channels = _batch(c, data_format)
            empty = (0,) if training else (channels,)
            yield Call(x=x, scale=c.array((channels,), parameter), offset=c.array((channels,), parameter),
                       mean=c.array(empty, parameter),
                       variance=c.array(empty, parameter, low=0.5, high=2),
                       epsilon=1e-3, data_format=data_format, is_training=training)


@case("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3", ulps=512, scale="max",
      gradient=False, reference=channels_last("x", "y_backprop"), outputs=3)
def batch_norm_gradient(c):
    statistics = np.float32 if c.op == "FusedBatchNormGrad" else c["U"]
    for data_format in FORMATS:
        for training in (True, False):
            x, channels = _batch(c, data_format)
            extra = {"reserve_space_3": np.zeros((0,), statistics)} if c.op.endswith("V3") else {}
            # The CPU kernel wants the variance in the second space, a GPU's its inverse root.
            yield Call(y_backprop=c.array(x.shape), x=x, scale=c.array((channels,), np.float32),
                       reserve_space_1=c.array((channels,), statistics),
                       reserve_space_2=np.ones((channels,), statistics),
                       epsilon=1e-7, data_format=data_format, is_training=training, **extra)


@case("LRN", ulps=64, scale="max", gradient=False)
def local_response(c):
    yield Call(input=c.array((2, 3, 3, 7)), depth_radius=2, bias=1.0, alpha=0.5, beta=0.75)


@case("LRNGrad", ulps=64, scale="max", gradient=False)
def local_response_gradient(c):
    image = c.array((2, 3, 3, 7))
    window = np.array([[abs(i - j) <= 2 for j in range(7)] for i in range(7)])
    norm = 1 + 0.5 * (image.astype(np.float64) ** 2 @ window)
    yield Call(input_grads=c.array(image.shape), input_image=image,
               output_image=(image / norm**0.75).astype(c["T"]), depth_radius=2, bias=1.0, alpha=0.5,
               beta=0.75)
