"""Losses with a gradient output."""

import numpy as np

from support.case import Call, case


@case("SoftmaxCrossEntropyWithLogits", ulps=64, scale="max")
def cross_entropy(c):
    for batch, classes in ((1, 1), (3, 5), (17, 10), (0, 4), (2, 1031)):
        labels = c.array((batch, classes), low=0, high=1).astype(np.float64)
        labels /= np.maximum(labels.sum(1, keepdims=True), 1e-3)
        # TensorFlow's gradient differentiates the loss alone, which is what the tape is given.
        yield Call(features=c.array((batch, classes), low=-5, high=5),
                   labels=labels.astype(c["T"])).options(gradient=batch > 0)


@case("SparseSoftmaxCrossEntropyWithLogits", ulps=64, scale="max")
def sparse_cross_entropy(c):
    for batch, classes in ((1, 1), (3, 5), (17, 10), (2, 1031)):
        yield Call(features=c.array((batch, classes), low=-5, high=5),
                   labels=c.array((batch,), "Tlabels", 0, classes))
